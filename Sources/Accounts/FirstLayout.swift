/// The ledger's first layout, which is read and never written: six words of header, eleven of each record, a checksum.
public enum FirstLayout {
    static let magic: UInt64 = 0x0152_4744_454C_4A50
    static let headerWords = 6
    private static let recordWords = 11
    private static let capacity = 128
    /// The length of one image in the memory of a program that wrote this layout; two of them lay one behind the other.
    public static let imageBytes = (headerWords + recordWords * capacity + 1) * 8

    /// Whether an image of this layout begins here; nil if nothing was ever written here.
    public static func begins(_ bytes: Span<UInt8>) -> Bool? {
        let word = WordReader(bytes)[0, bytes]
        return word == 0 ? nil : word == magic
    }

    static func decode(_ words: WordReader, _ bytes: Span<UInt8>) throws(LedgerImage.Refusal) -> LedgerImage {
        let count = words[5, bytes]
        guard count <= UInt64(capacity), words[1, bytes] <= UInt64.max / 4 else { throw .torn }
        let end = headerWords + recordWords * Int(count)
        guard end < words.count, words[end, bytes] == checksum(words, bytes, end) else { throw .torn }
        var records: [LedgerRecord] = []
        for start in stride(from: headerWords, to: end, by: recordWords) {
            guard let accountant = CounterAccountant(words, bytes, at: start + 1) else { throw .torn }
            records.append(
                LedgerRecord(
                    LedgerIdentity(firstLayout: words[start, bytes]), accountant,
                    startUnixMicroseconds: words[4, bytes]))
        }
        let boot = BootIdentity(high: words[2, bytes], low: words[3, bytes])
        return LedgerImage(boot: boot, sequence: words[1, bytes], records: records)
    }

    private static func checksum(_ words: WordReader, _ bytes: Span<UInt8>, _ end: Int) -> UInt64 {
        var sum = Checksum()
        for index in 0..<end { sum.add(words[index, bytes]) }
        return sum.value
    }
}
