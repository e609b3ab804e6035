import Bytes

/// FNV-1a over words instead of bytes, with a shift that spreads the high bits: it must tell a torn write, not an adversary.
struct Checksum {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    @inline(__always)
    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01B3
        value ^= value >> 29
    }
}

extension ByteBuffer {
    /// Appends a word and adds it to a checksum. Inlined: a ledger has some hundred words, written at each tick.
    @inline(__always)
    mutating func append(_ word: UInt64, _ sum: inout Checksum) {
        append(littleEndian: word)
        sum.add(word)
    }
}

/// Reads words of eight bytes, the least significant first.
struct WordReader {
    let count: Int

    init(_ bytes: Span<UInt8>) {
        count = bytes.count / 8
    }

    subscript(index: Int, bytes: Span<UInt8>) -> UInt64 {
        var word: UInt64 = 0
        for offset in 0..<8 { word |= UInt64(bytes[index * 8 + offset]) << UInt64(offset * 8) }
        return word
    }
}

/// FNV-1a over bytes.
func hash(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return hash
}
