/// A mapping of the file whose keys are known.
struct Section {
    /// As messages name it: `tls_server_config`, or nothing for the file itself.
    let name: String
    let line: Int
    private let entries: [String: YAMLNode.Entry]

    /// - Throws: if it is no mapping, or has a key that is not in `keys`.
    init(_ node: YAMLNode, name: String, line: Int, keys: [String]) throws(WebConfigurationError) {
        var entries: [String: YAMLNode.Entry] = [:]
        for entry in try Section.mapping(node, name: name, line: line) {
            guard keys.contains(entry.key) else {
                let place = name.isEmpty ? "" : " in \(name)"
                let what = Quoting.name(entry.key).map { "the key \($0)" } ?? "a key"
                let remedy =
                    entry.key == "<<" ? "merging is not offered" : "allowed are \(keys.joined(separator: ", "))"
                throw WebConfigurationError(line: entry.keyLine, "\(what)\(place) is unknown; \(remedy)")
            }
            entries[entry.key] = entry
        }
        self.entries = entries
        self.name = name
        self.line = line
    }

    /// The entries of a mapping whose keys are free; none if there is no value.
    static func mapping(
        _ node: YAMLNode, name: String, line: Int
    ) throws(WebConfigurationError) -> [YAMLNode.Entry] {
        switch node.content {
        case .mapping(let entries): return entries
        case .scalar(let scalar) where scalar.isNull: return []
        case .scalar, .sequence:
            let what = name.isEmpty ? "the file" : name
            throw WebConfigurationError(line: line, "\(what) is not a mapping; allowed are lines of KEY: VALUE")
        }
    }

    var isEmpty: Bool { entries.isEmpty }

    func path(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }

    func line(of key: String) -> Int { entries[key]?.keyLine ?? line }

    func failure(_ key: String, _ message: String) -> WebConfigurationError {
        WebConfigurationError(line: line(of: key), "\(path(key)): \(message)")
    }

    func wrong(_ key: String, _ value: String, _ allowed: String) -> WebConfigurationError {
        failure(key, "\(Quoting.value(value)) is not allowed; \(allowed)")
    }

    /// The value of a key, if the key is there and has one.
    func node(_ key: String) -> YAMLNode? {
        guard let node = entries[key]?.value else { return nil }
        if case .scalar(let scalar) = node.content, scalar.isNull { return nil }
        return node
    }

    func scalar(_ key: String) throws(WebConfigurationError) -> YAMLScalar? {
        switch node(key)?.content {
        case .none: return nil
        case .some(.scalar(let scalar)): return scalar
        case .some: throw failure(key, "it is a list or a mapping; allowed is a single value")
        }
    }

    /// Text; nil if it is empty or missing. Numbers and truth values are text too, as they are written.
    func text(_ key: String) throws(WebConfigurationError) -> String? {
        guard let text = try scalar(key)?.text, !text.isEmpty else { return nil }
        return text
    }

    func boolean(_ key: String) throws(WebConfigurationError) -> Bool? {
        guard let scalar = try scalar(key) else { return nil }
        let words = [
            "true": true, "yes": true, "on": true, "y": true, "false": false, "no": false, "off": false, "n": false,
        ]
        let forms = [scalar.text.lowercased(), scalar.text.uppercased(), scalar.text.lowercased().capitalizedFirst]
        guard scalar.isPlain, forms.contains(scalar.text), let value = words[scalar.text.lowercased()] else {
            throw wrong(key, scalar.text, "allowed are true and false, without quotation marks")
        }
        return value
    }

    /// The elements of a list, each with its line; nil if there is no list.
    func list(_ key: String) throws(WebConfigurationError) -> [(text: String, line: Int)]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let elements) = node.content else {
            throw failure(key, "it is not a list; allowed are lines of '- VALUE'")
        }
        guard elements.count <= WebConfiguration.mostListElements else {
            throw failure(key, "the list is longer than \(WebConfiguration.mostListElements) elements")
        }
        var texts: [(text: String, line: Int)] = []
        for element in elements {
            guard case .scalar(let scalar) = element.content, !scalar.isNull, !scalar.text.isEmpty else {
                throw WebConfigurationError(line: element.line, "\(path(key)): an element is not a single value")
            }
            texts.append((scalar.text, element.line))
        }
        return texts
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
