import Accounts
import Attribution
import Bytes
import Counters

/// What has to survive this process so that each microjoule is shared out once: what each counter's total was at the latest pass, and what
/// `Attribution` has.
///
/// Its words: how many kinds, how many counters; of each kind the first eight letters of its name; of each counter its number in the
/// ledger and its total; then what `Attribution.encode` writes.
extension Sharing {
    private static let headWords = 2

    /// Room for all of it.
    func makeBuffer() -> ByteBuffer {
        let words = Sharing.headWords + kinds.count + 2 * LedgerImage.capacity
        return ByteBuffer(
            capacity: words * 8 + attribution.longestRecordBytes + LedgerAnnex.trailerBytes)
    }

    /// Writes it; what `Attribution` has no room for in so many bytes is left out. It allocates nothing.
    borrowing func encode(into bytes: inout ByteBuffer, room: Int) {
        bytes.removeAll()
        var count = 0
        for total in totals where total != nil { count += 1 }
        bytes.append(littleEndian: UInt64(kinds.count))
        bytes.append(littleEndian: UInt64(count))
        for code in kindCodes { bytes.append(littleEndian: code) }
        for index in totals.indices {
            guard let total = totals[index] else { continue }
            bytes.append(littleEndian: identities[index])
            bytes.append(littleEndian: total)
        }
        attribution.encode(into: &bytes, room: room - bytes.count)
    }

    /// Goes on from what an earlier run left; anything may be in the bytes.
    ///
    /// - Returns: whether it could.
    mutating func restore(_ bytes: Span<UInt8>) -> Bool {
        let count = bytes.count / 8
        guard count >= Sharing.headWords else { return false }
        let (kindCount, counters) = (Sharing.word(0, bytes), Sharing.word(1, bytes))
        guard kindCount <= UInt64(AttributionSettings.mostKinds), counters <= UInt64(LedgerImage.capacity) else {
            return false
        }
        let first = Sharing.headWords + Int(kindCount)
        let end = first + 2 * Int(counters)
        guard end <= count else { return false }
        let codes = (Sharing.headWords..<first).map { Sharing.word($0, bytes) }
        let places = kindCodes.map { code in codes.firstIndex(of: code) }
        guard attribution.restore(bytes.extracting((end * 8)..<bytes.count), kinds: places) else { return false }
        for index in stride(from: first, to: end, by: 2) {
            former[Sharing.word(index, bytes)] = Sharing.word(index + 1, bytes)
        }
        return true
    }

    private static func word(_ index: Int, _ bytes: Span<UInt8>) -> UInt64 {
        var word: UInt64 = 0
        for offset in 0..<8 { word |= UInt64(bytes[index * 8 + offset]) << UInt64(offset * 8) }
        return word
    }

    /// The first eight letters of a kind's name.
    static func code(_ kind: DomainKind) -> UInt64 {
        var word: UInt64 = 0
        for (offset, byte) in kind.rawValue.utf8.prefix(8).enumerated() { word |= UInt64(byte) << UInt64(offset * 8) }
        return word
    }
}
