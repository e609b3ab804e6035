public import Bytes

/// The values of labels. Nothing is allocated; what does not fit into the buffer makes it overflow.
///
/// No two texts of the same form give the same value. A text that is not UTF-8 has each byte beyond ASCII written as systemd would,
/// `\xff`.
extension CgroupName {
    /// Appends the slice.
    public func appendSlice(of path: Span<UInt8>, to buffer: inout ByteBuffer) {
        buffer.append(readable: path.extracting(slice))
    }

    /// Appends the name; systemd's escapes are undone in those of machines.
    public func appendName(of path: Span<UInt8>, to buffer: inout ByteBuffer) {
        let text = path.extracting(name)
        if nameIsEscaped { buffer.append(unescaping: text) } else { buffer.append(readable: text) }
    }

    /// Appends the pod's identity with hyphens, as Kubernetes writes it.
    public func appendPodUID(of path: Span<UInt8>, to buffer: inout ByteBuffer) {
        for index in podUID {
            buffer.append(path[index] == UInt8(ascii: "_") ? UInt8(ascii: "-") : path[index])
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func append(readable text: Span<UInt8>) {
        guard !text.isUTF8 else { return append(text) }
        for index in text.indices {
            if text[index] < 0x80 { append(text[index]) } else { append(escaped: text[index]) }
        }
    }

    private mutating func append(escaped byte: UInt8) {
        append("\\x")
        append(hexadecimalDigit(of: byte >> 4))
        append(hexadecimalDigit(of: byte & 0xF))
    }

    /// Undoes `\xNN` of what is printable ASCII, but for the backslash: all else stays as systemd writes it.
    fileprivate mutating func append(unescaping text: Span<UInt8>) {
        let isText = text.isUTF8
        var index = 0
        while index < text.count {
            if let byte = escapedByte(text, at: index), (0x20...0x7E).contains(byte), byte != UInt8(ascii: "\\") {
                append(byte)
                index += 4
            } else {
                if isText || text[index] < 0x80 { append(text[index]) } else { append(escaped: text[index]) }
                index += 1
            }
        }
    }
}

/// The byte that `\xNN` stands for; nil if there is no such thing at the place.
private func escapedByte(_ text: Span<UInt8>, at index: Int) -> UInt8? {
    guard text.extracting(index..<text.count).hasPrefix("\\x") else { return nil }
    return hexadecimalByte(text, at: index + 2)
}
