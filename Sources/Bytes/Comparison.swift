/// Bytes held against other bytes and against text that is known at compile time; upper and lower case differ.
extension Span<UInt8> {
    /// Whether the bytes are those of the text.
    @inlinable
    public func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && hasPrefix(text)
    }

    /// Whether both have the same bytes.
    @inlinable
    public func equals(_ other: Span<UInt8>) -> Bool {
        count == other.count && hasPrefix(other)
    }

    /// Whether the bytes begin with those of the text.
    @inlinable
    public func hasPrefix(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where unsafe self[index] != text.utf8Start[index] { return false }
        return true
    }

    /// Whether the bytes begin with these, which are compared eight at a time; the last eight may overlap those before.
    @inlinable
    public func hasPrefix(_ prefix: Span<UInt8>) -> Bool {
        guard count >= prefix.count else { return false }
        let last = prefix.count - 8
        guard last >= 0 else { return hasShortPrefix(prefix) }
        var offset = 0
        while offset < last {
            guard word(at: offset) == prefix.word(at: offset) else { return false }
            offset += 8
        }
        return word(at: last) == prefix.word(at: last)
    }

    /// The same for fewer than eight bytes.
    @inlinable
    func hasShortPrefix(_ prefix: Span<UInt8>) -> Bool {
        for index in prefix.indices where self[index] != prefix[index] { return false }
        return true
    }

    /// Eight bytes as one number, in the order of this machine.
    @inlinable
    func word(at offset: Int) -> UInt64 {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
}
