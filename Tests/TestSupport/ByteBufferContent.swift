public import Bytes

extension ByteBuffer {
    /// A copy of the unread bytes.
    public borrowing func content() -> [UInt8] {
        withBytes { bytes in
            var copy: [UInt8] = []
            for index in bytes.indices { copy.append(bytes[index]) }
            return copy
        }
    }

    /// The unread bytes as text.
    public borrowing func text() -> String {
        String(decoding: content(), as: UTF8.self)
    }
}
