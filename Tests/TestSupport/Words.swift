extension [UInt64] {
    /// Eight bytes of each word, the least significant first.
    public var littleEndianBytes: [UInt8] {
        flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }
}
