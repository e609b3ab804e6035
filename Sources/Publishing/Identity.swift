extension FeedDevice {
    /// The longest identity that a feed can have, in bytes.
    public static let longestIdentity = 96

    /// An identity as feeds have it: one that is too long keeps its end, behind a hash of all of it (64-bit FNV-1a) in 16 digits and a
    /// colon. The same text always gives the same.
    public static func shortened(_ identity: String) -> String {
        guard identity.utf8.count > longestIdentity else { return identity }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in identity.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let digits = String(hash, radix: 16)
        let rest = identity.utf8.suffix(longestIdentity - 17).drop { $0 & 0xC0 == 0x80 }
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits + ":"
            + String(decoding: rest, as: UTF8.self)
    }
}
