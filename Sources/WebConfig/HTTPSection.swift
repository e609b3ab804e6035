/// Reads `http_server_config`.
enum HTTPSection {
    private static let longestValueBytes = 4096
    /// The headers that may be set, each with its allowed values if these are few.
    private static let allowedValues: [(name: String, values: [String])] = [
        ("Content-Security-Policy", []),
        ("X-Frame-Options", ["deny", "sameorigin"]),
        ("X-Content-Type-Options", ["nosniff"]),
        ("X-XSS-Protection", []),
        ("Strict-Transport-Security", []),
    ]

    static func headers(_ node: YAMLNode, line: Int) throws(WebConfigurationError) -> [WebConfiguration.Header] {
        let section = try Section(node, name: "http_server_config", line: line, keys: ["http2", "headers"])
        // It may be true without harm: HTTP/2 is spoken only where client and server agree on it, and this server never does.
        _ = try section.boolean("http2")
        guard let node = section.node("headers") else { return [] }
        let line = section.line(of: "headers")
        var headers: [WebConfiguration.Header] = []
        for entry in try Section.mapping(node, name: section.path("headers"), line: line) {
            if let header = try header(entry) { headers.append(header) }
        }
        return headers
    }

    /// Nil for a blank value, which leaves the header out.
    private static func header(_ entry: YAMLNode.Entry) throws(WebConfigurationError) -> WebConfiguration.Header? {
        guard let allowed = allowedValues.first(where: { $0.name == entry.key }) else {
            let name = Quoting.name(entry.key) ?? "of this name"
            throw WebConfigurationError(
                line: entry.keyLine,
                "the HTTP header \(name) can not be configured; allowed are "
                    + allowedValues.map(\.name).joined(separator: ", "))
        }
        func failure(_ message: String) -> WebConfigurationError {
            WebConfigurationError(line: entry.keyLine, "http_server_config.headers.\(allowed.name): \(message)")
        }
        guard case .scalar(let scalar) = entry.value.content else {
            throw failure("it is a list or a mapping; allowed is a single value")
        }
        let value = scalar.isNull ? "" : trimmed(scalar.text)
        guard allowed.values.isEmpty || allowed.values.contains(value) else {
            let values = allowed.values.joined(separator: ", ")
            throw failure("\(Quoting.value(value)) is an invalid value for it; allowed: \(values)")
        }
        guard value.utf8.count <= longestValueBytes else {
            throw failure("it is longer than \(longestValueBytes) bytes")
        }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw failure("it has a line break or another control character; allowed is one line")
        }
        return value.isEmpty ? nil : WebConfiguration.Header(name: allowed.name, value: value)
    }

    /// Without blanks and line breaks at its ends, such as the one that `|` leaves: they are no part of a field's value
    /// (RFC 9110 section 5.5).
    private static func trimmed(_ text: String) -> String {
        let blanks: [UInt8] = [0x09, 0x0A, 0x0D, 0x20]
        var bytes = text.utf8[...]
        while let first = bytes.first, blanks.contains(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, blanks.contains(last) { bytes = bytes.dropLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
