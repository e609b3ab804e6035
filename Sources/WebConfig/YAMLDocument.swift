/// A value of a YAML text and the line where it begins.
struct YAMLNode {
    indirect enum Content {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([Entry])
    }

    struct Entry {
        let key: String
        let keyLine: Int
        let value: YAMLNode
    }

    let content: Content
    let line: Int
}

/// Builds the tree of one document, within limits that no configuration comes near.
struct YAMLDocument {
    static let longestBytes = 1 << 20
    private static let greatestDepth = 8
    private static let mostNodes = 20_000

    private var nodeCount = 0
    /// What an alias may repeat: single values only, so that a small file cannot stand for a big one.
    private var anchors: [String: YAMLScalar?] = [:]

    /// The document in the text; nil if there is none.
    static func parse(_ text: Span<UInt8>) throws(WebConfigurationError) -> YAMLNode? {
        guard text.count <= longestBytes else {
            throw WebConfigurationError(line: 1, "the file is longer than 1 MiB")
        }
        return try unsafe text.withUnsafeBytes { (bytes) throws(WebConfigurationError) in
            var events = try unsafe YAMLEvents(bytes)
            var document = YAMLDocument()
            return try document.root(&events)
        }
    }

    private mutating func root(_ events: inout YAMLEvents) throws(WebConfigurationError) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return root
            case .documentStart:
                guard root == nil else {
                    throw WebConfigurationError(line: event.line, "a second document begins here")
                }
                root = try node(try events.next(), &events, depth: 1)
            default: continue
            }
        }
    }

    private mutating func node(
        _ event: YAMLEvent, _ events: inout YAMLEvents, depth: Int
    ) throws(WebConfigurationError) -> YAMLNode {
        nodeCount += 1
        guard nodeCount <= YAMLDocument.mostNodes else {
            throw WebConfigurationError(line: event.line, "the file has more than \(YAMLDocument.mostNodes) values")
        }
        guard depth <= YAMLDocument.greatestDepth else {
            throw WebConfigurationError(
                line: event.line, "values are nested more than \(YAMLDocument.greatestDepth) deep")
        }
        switch event.kind {
        case .alias(let name): return YAMLNode(content: .scalar(try scalar(of: name, event.line)), line: event.line)
        case .scalar(let written):
            let scalar = try YAMLDocument.applyTag(of: event, to: written)
            if let anchor = event.anchor { anchors[anchor] = .some(scalar) }
            return YAMLNode(content: .scalar(scalar), line: event.line)
        case .sequenceStart:
            try YAMLDocument.check(event, is: "seq")
            if let anchor = event.anchor { anchors[anchor] = .some(nil) }
            return YAMLNode(content: .sequence(try elements(&events, depth)), line: event.line)
        case .mappingStart:
            try YAMLDocument.check(event, is: "map")
            if let anchor = event.anchor { anchors[anchor] = .some(nil) }
            return YAMLNode(content: .mapping(try entries(&events, depth)), line: event.line)
        default: throw WebConfigurationError(line: event.line, "this is no YAML: a value is missing")
        }
    }

    private mutating func elements(
        _ events: inout YAMLEvents, _ depth: Int
    ) throws(WebConfigurationError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { return elements }
            elements.append(try node(event, &events, depth: depth + 1))
        }
    }

    private mutating func entries(
        _ events: inout YAMLEvents, _ depth: Int
    ) throws(WebConfigurationError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { return entries }
            guard case .scalar(let key) = try node(event, &events, depth: depth + 1).content else {
                throw WebConfigurationError(line: event.line, "a key is a list or a mapping; allowed are names")
            }
            if let earlier = lines.updateValue(event.line, forKey: key.text) {
                let name = Quoting.name(key.text) ?? "a key"
                throw WebConfigurationError(line: event.line, "\(name) is given twice, first in line \(earlier)")
            }
            let value = try node(try events.next(), &events, depth: depth + 1)
            entries.append(YAMLNode.Entry(key: key.text, keyLine: event.line, value: value))
        }
    }

    private func scalar(of anchor: String, _ line: Int) throws(WebConfigurationError) -> YAMLScalar {
        switch anchors[anchor] {
        case .some(.some(let scalar)): return scalar
        case .some(.none):
            throw WebConfigurationError(line: line, "an alias repeats a list or a mapping; allowed are single values")
        case .none: throw WebConfigurationError(line: line, "an alias repeats an anchor that was not set before")
        }
    }

    private static let tagPrefix = "tag:yaml.org,2002:"

    /// `!!str` makes a string of what would be a number, a truth value or nothing; no other tag changes what is read here.
    private static func applyTag(of event: YAMLEvent, to scalar: YAMLScalar) throws(WebConfigurationError) -> YAMLScalar
    {
        guard event.tag != nil else { return scalar }
        try check(event, is: "str")
        return YAMLScalar(text: scalar.text, isPlain: false)
    }

    private static func check(_ event: YAMLEvent, is kind: String) throws(WebConfigurationError) {
        guard let tag = event.tag, tag != "!", tag != tagPrefix + kind else { return }
        throw WebConfigurationError(line: event.line, "a tag gives a type that is not used here; allowed is !!\(kind)")
    }
}
