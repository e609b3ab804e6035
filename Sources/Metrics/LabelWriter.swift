import Bytes

/// Takes the labels of a row that is being opened. A label's name is ours and legal; its value may be any text and is escaped.
///
/// In a value that is not UTF-8, which would spoil a whole page, each byte beyond ASCII becomes a question mark.
public struct LabelWriter: ~Copyable {
    /// The most that labels may ever take.
    let capacity: Int
    private var labelBytes: Int
    /// `{a="1",b="2"} ` as the text formats have it, with the blank before the value; without labels only that.
    private(set) var text: ByteBuffer
    /// The fields `label` of a `Metric`.
    private(set) var pairs: ByteBuffer

    /// - Parameter labelBytes: the most that the labels may take in either form, the blank not counted.
    init(labelBytes: Int) {
        precondition(labelBytes >= 0)
        capacity = labelBytes
        self.labelBytes = labelBytes
        text = ByteBuffer(capacity: labelBytes + 1)
        pairs = ByteBuffer(capacity: labelBytes + 1)
    }

    /// Adds a label, without allocation.
    public mutating func append(_ name: StaticString, _ value: String) {
        let characters = value.utf8
        append(name, characters.span)
    }

    /// Adds a label, without allocation.
    public mutating func append(_ name: StaticString, _ value: Span<UInt8>) {
        let isText = value.isUTF8
        text.append(UInt8(ascii: text.isEmpty ? "{" : ","))
        text.append(name)
        text.append("=\"")
        for index in value.indices { text.append(escaping: value[index].shown(isText)) }
        text.append(UInt8(ascii: "\""))
        pairs.appendLabel { pair in
            pair.append(name)
        } value: { pair in
            for index in value.indices { pair.append(value[index].shown(isText)) }
        }
    }

    mutating func finish() {
        if !text.isEmpty { text.append(UInt8(ascii: "}")) }
        text.append(UInt8(ascii: " "))
    }

    /// The labels take more bytes than they may.
    var overflowed: Bool {
        text.overflowed || pairs.overflowed || text.count > labelBytes + 1 || pairs.count > labelBytes
    }

    /// Begins with a row that may have so many bytes of labels, at most the capacity.
    mutating func begin(labelBytes: Int) {
        precondition(labelBytes <= capacity)
        self.labelBytes = labelBytes
        text.removeAll()
        pairs.removeAll()
    }
}

extension LabelWriter {
    /// Adds labels that are known from the start.
    mutating func append(_ labels: KeyValuePairs<StaticString, String>) {
        for (name, value) in labels { append(name, value) }
    }

    /// The `labelBytes` that labels need.
    static func bytes(of labels: KeyValuePairs<StaticString, String>) -> Int {
        let most = labels.reduce(0) { $0 + $1.key.utf8CodeUnitCount + $1.value.utf8.count * 2 + 32 }
        var writer = LabelWriter(labelBytes: most)
        writer.append(labels)
        writer.finish()
        return max(writer.text.count - 1, writer.pairs.count)
    }
}

extension UInt8 {
    /// The byte, or a question mark in its place if it belongs to no character.
    fileprivate func shown(_ isText: Bool) -> UInt8 {
        isText || self < 0x80 ? self : UInt8(ascii: "?")
    }
}

extension ByteBuffer {
    /// Escapes as the text formats ask for label values: backslash, line feed and quotation mark.
    mutating func append(escaping byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\""): append("\\\"")
        default: append(byte)
        }
    }
}
