/// Bytes and numbers as one number, which is another one for almost anything else: 64-bit FNV-1a. It is quick, and whoever wants two texts
/// to have the same one can find such texts.
public struct Digest: Equatable, Sendable {
    @usableFromInline var sum: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The number.
    @inlinable public var value: UInt64 { sum }

    /// Of nothing.
    public init() {}

    /// Adds one byte.
    @inlinable
    public mutating func add(byte: UInt8) { sum = (sum ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

    /// Adds a number.
    public mutating func add(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { add(byte: UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Adds bytes and how many they are, so that what follows cannot seem to be a part of them.
    public mutating func add(_ bytes: Span<UInt8>) {
        for index in bytes.indices { add(byte: bytes[index]) }
        add(UInt64(bytes.count))
    }
}

/// A text of at most so many bytes, which are more than 17: one that is too long keeps its end, behind a digest of all of it in 16
/// hexadecimal digits and a colon. The same text always gives the same.
public func shortened(_ text: String, toBytes longest: Int) -> String {
    guard text.utf8.count > longest else { return text }
    var digest = Digest()
    for byte in text.utf8 { digest.add(byte: byte) }
    let digits = String(digest.value, radix: 16)
    let end = text.utf8.suffix(longest - 17).drop { $0 & 0xC0 == 0x80 }
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits + ":" + String(decoding: end, as: UTF8.self)
}
