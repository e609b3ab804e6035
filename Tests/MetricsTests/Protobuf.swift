/// Reads protobuf by the wire format and the field names of Prometheus' metrics.proto, and shows it as the protobuf library
/// of Python prints it. It shares nothing with what writes the pages.
struct ProtobufMessage {
    enum Content: Equatable {
        case varint(UInt64)
        case double(Double)
        case bytes([UInt8])
    }

    enum Malformed: Error {
        case cut
        case varintTooLong
        case unknownWireType(UInt64)
        case unknownField(String, UInt64)
    }

    private(set) var fields: [(number: UInt64, content: Content)] = []

    init(_ bytes: some Collection<UInt8>) throws {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let tag = try takeVarint(&rest)
            switch tag & 7 {
            case 0: fields.append((tag >> 3, .varint(try takeVarint(&rest))))
            case 1:
                guard rest.count >= 8 else { throw Malformed.cut }
                let bits = rest.prefix(8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
                fields.append((tag >> 3, .double(Double(bitPattern: bits))))
                rest = rest.dropFirst(8)
            case 2: fields.append((tag >> 3, .bytes(Array(try takeDelimited(&rest)))))
            default: throw Malformed.unknownWireType(tag & 7)
            }
        }
    }

    /// The messages of a page, each after its length.
    static func stream(_ page: [UInt8]) throws -> [ProtobufMessage] {
        var rest = page[...]
        var messages: [ProtobufMessage] = []
        while !rest.isEmpty { messages.append(try ProtobufMessage(try takeDelimited(&rest))) }
        return messages
    }

    subscript(_ number: UInt64) -> [Content] {
        fields.filter { $0.number == number }.map(\.content)
    }

    func messages(_ number: UInt64) throws -> [ProtobufMessage] {
        try self[number].compactMap { content in
            guard case .bytes(let bytes) = content else { return nil }
            return try ProtobufMessage(bytes)
        }
    }

    func texts(_ number: UInt64) -> [String] {
        self[number].compactMap { content in
            guard case .bytes(let bytes) = content else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    func varints(_ number: UInt64) -> [UInt64] {
        self[number].compactMap { content in
            guard case .varint(let value) = content else { return nil }
            return value
        }
    }

    /// The numbers of an `sint32` or `sint64` field.
    func signed(_ number: UInt64) -> [Int] {
        varints(number).map { Int(bitPattern: UInt($0 >> 1)) ^ -Int($0 & 1) }
    }

    func doubles(_ number: UInt64) -> [Double] {
        self[number].compactMap { content in
            guard case .double(let value) = content else { return nil }
            return value
        }
    }
}

private func takeVarint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
    var value: UInt64 = 0
    for position in 0..<10 {
        guard let byte = rest.popFirst() else { throw ProtobufMessage.Malformed.cut }
        value |= UInt64(byte & 0x7F) << UInt64(7 * position)
        if byte < 0x80 { return value }
    }
    throw ProtobufMessage.Malformed.varintTooLong
}

private func takeDelimited(_ rest: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
    let length = try takeVarint(&rest)
    guard length <= UInt64(rest.count) else { throw ProtobufMessage.Malformed.cut }
    defer { rest = rest.dropFirst(Int(length)) }
    return rest.prefix(Int(length))
}

/// What metrics.proto says of the messages that a page can have: for each field its name and what it holds.
private enum Kind {
    case text, unsigned, signed, double
    case enumeration([UInt64: String])
    case message(String)
}

private let schema: [String: [UInt64: (name: String, kind: Kind)]] = [
    "MetricFamily": [
        1: ("name", .text), 2: ("help", .text),
        3: ("type", .enumeration([0: "COUNTER", 1: "GAUGE", 2: "SUMMARY", 4: "HISTOGRAM"])),
        4: ("metric", .message("Metric")), 5: ("unit", .text),
    ],
    "Metric": [
        1: ("label", .message("LabelPair")), 2: ("gauge", .message("Gauge")), 3: ("counter", .message("Counter")),
        4: ("summary", .message("Summary")), 7: ("histogram", .message("Histogram")),
    ],
    "LabelPair": [1: ("name", .text), 2: ("value", .text)],
    "Gauge": [1: ("value", .double)],
    "Counter": [1: ("value", .double), 3: ("created_timestamp", .message("Timestamp"))],
    "Summary": [
        1: ("sample_count", .unsigned), 2: ("sample_sum", .double), 3: ("quantile", .message("Quantile")),
        4: ("created_timestamp", .message("Timestamp")),
    ],
    "Quantile": [1: ("quantile", .double), 2: ("value", .double)],
    "Histogram": [
        1: ("sample_count", .unsigned), 2: ("sample_sum", .double), 3: ("bucket", .message("Bucket")),
        5: ("schema", .signed), 6: ("zero_threshold", .double), 7: ("zero_count", .unsigned),
        12: ("positive_span", .message("BucketSpan")), 13: ("positive_delta", .signed),
        15: ("created_timestamp", .message("Timestamp")),
    ],
    "Bucket": [1: ("cumulative_count", .unsigned), 2: ("upper_bound", .double)],
    "BucketSpan": [1: ("offset", .signed), 2: ("length", .unsigned)],
    "Timestamp": [1: ("seconds", .unsigned), 2: ("nanos", .unsigned)],
]

extension ProtobufMessage {
    /// The text format of a message; text must be ASCII.
    func described(as message: String = "MetricFamily", indentation: String = "") throws -> String {
        var result = ""
        for field in fields {
            guard let (name, kind) = schema[message]?[field.number] else {
                throw Malformed.unknownField(message, field.number)
            }
            switch (field.content, kind) {
            case (.bytes(let bytes), .text):
                let text = String(decoding: bytes, as: UTF8.self).map { character in
                    switch character {
                    case "\\": "\\\\"
                    case "\"": "\\\""
                    case "\n": "\\n"
                    case "'": "\\'"
                    default: String(character)
                    }
                }
                result += "\(indentation)\(name): \"\(text.joined())\"\n"
            case (.bytes(let bytes), .message(let inner)):
                let content = try ProtobufMessage(bytes).described(as: inner, indentation: indentation + "  ")
                result += "\(indentation)\(name) {\n\(content)\(indentation)}\n"
            case (.varint(let value), .unsigned): result += "\(indentation)\(name): \(value)\n"
            case (.varint(let value), .signed):
                result += "\(indentation)\(name): \(Int(value >> 1) ^ -Int(value & 1))\n"
            case (.varint(let value), .enumeration(let names)):
                result += "\(indentation)\(name): \(names[value] ?? String(value))\n"
            case (.double(let value), .double):
                result += "\(indentation)\(name): \(value)\n"
            default: throw Malformed.unknownField(message, field.number)
            }
        }
        return result
    }
}
