import Counters

/// What has to survive this process so that its counters go on, read from the bytes that a run left.
///
/// The layout, in words of eight bytes with the least significant first:
///
/// - A header: "PJLEDGR" and the layout's version, a number that grows with each write, the boot's identity (two words), how
///   many records there are, the length of one in bytes, the length of the header in bytes, and one word to spare.
/// - The records: identity, modulus, bound, total, wraps, resets, gaps, whether there is a last reading, that reading and its two
///   clocks, when counting began, a seal of the name, debt, glitches, the largest rise, 20 words of name; and at its end what
///   `LedgerCourse` has: how long the last reading took, when the counter was last measured, the former course and the doubt.
///   Later versions make records longer at their end: whoever reads looks at the length.
/// - A checksum over everything but the names, which have their seals.
///
/// Records were shorter once, without what stands behind the name and with zeros in the three words before it. The first layout
/// had a shorter header, records of eleven words without beginning and name, and the beginning in the header.
public struct LedgerImage: Sendable, Equatable {
    /// Which start of the machine the readings belong to.
    public var boot: BootIdentity
    /// Grows with each write, so that the newer of two images is known.
    public var sequence: UInt64
    /// Every counter that was kept.
    public var records: [LedgerRecord]

    /// An image of these records.
    public init(boot: BootIdentity, sequence: UInt64, records: [LedgerRecord]) {
        self.boot = boot
        self.sequence = sequence
        self.records = records
    }

    /// Why bytes are not an image.
    public enum Refusal: Error, Equatable, Sendable {
        /// Nothing was ever written, or no more than `mark`.
        case empty
        /// Another layout than this program's.
        case unknownLayout
        /// The checksum is wrong: the write of it was cut short.
        case torn
    }

    /// Room for one image with its checksum. The memory that outlives the program was made for so much, and cannot grow.
    public static let longestBytes = 147_528
    /// The most records, whatever they are of.
    public static let capacity = (longestBytes / 8 - headerWords - 1) / recordWords

    /// What is written where an image will be, before there is one.
    public static let mark: [UInt8] = (0..<8).map { UInt8(truncatingIfNeeded: magic >> ($0 * 8)) }

    static let magic: UInt64 = 0x0252_4744_454C_4A50
    static let headerWords = 8
    /// The words of a record before its name.
    static let factWords = 16
    /// The words of a record up to the end of its name, which were once all.
    static let namedWords = factWords + LedgerIdentity.nameWordCount
    static let recordWords = namedWords + LedgerCourse.words
    /// A longer header or record is nothing that this program or a later one would write.
    private static let longestRecordWords = 512

    /// Reads an image of either layout. The bytes may be anything.
    public static func decode(_ bytes: Span<UInt8>) throws(Refusal) -> LedgerImage {
        let words = WordReader(bytes)
        guard words.count > FirstLayout.headerWords, words[0, bytes] != 0 else { throw .empty }
        switch words[0, bytes] {
        case magic where words.count > headerWords && (1..<headerWords).allSatisfy { words[$0, bytes] == 0 }:
            throw .empty
        case magic: return try decode(words, bytes)
        case FirstLayout.magic: return try FirstLayout.decode(words, bytes)
        default: throw .unknownLayout
        }
    }

    private static func decode(_ words: WordReader, _ bytes: Span<UInt8>) throws(Refusal) -> LedgerImage {
        guard words.count > headerWords else { throw .torn }
        let (count, recordBytes, headerBytes) = (words[4, bytes], words[5, bytes], words[6, bytes])
        guard recordBytes % 8 == 0, headerBytes % 8 == 0, recordBytes <= longestRecordWords * 8,
            headerBytes <= longestRecordWords * 8, recordBytes >= namedWords * 8, headerBytes >= headerWords * 8,
            // A number that leaves no room for more writes is none of this program's.
            count <= UInt64(words.count), words[1, bytes] <= UInt64.max / 4
        else { throw .torn }
        let (header, length) = (Int(headerBytes) / 8, Int(recordBytes) / 8)
        let end = header + length * Int(count)
        guard end < words.count, words[end, bytes] == checksum(words, bytes, header, length, end) else { throw .torn }
        var records: [LedgerRecord] = []
        for start in stride(from: header, to: end, by: length) {
            guard let record = LedgerRecord(words, bytes, at: start, length) else { throw .torn }
            records.append(record)
        }
        let boot = BootIdentity(high: words[2, bytes], low: words[3, bytes])
        return LedgerImage(boot: boot, sequence: words[1, bytes], records: records)
    }

    static func checksum(
        _ words: WordReader, _ bytes: Span<UInt8>, _ header: Int, _ length: Int, _ end: Int
    ) -> UInt64 {
        var sum = Checksum()
        for index in 0..<end {
            let position = index < header ? 0 : (index - header) % length
            if position < factWords || position >= namedWords { sum.add(words[index, bytes]) }
        }
        return sum.value
    }
}

extension LedgerRecord {
    /// Nil if the numbers cannot be those of a record.
    fileprivate init?(_ words: WordReader, _ bytes: Span<UInt8>, at start: Int, _ length: Int) {
        let name = start + LedgerImage.factWords
        let nameWords = (name..<(name + LedgerIdentity.nameWordCount)).map { words[$0, bytes] }
        guard var accountant = CounterAccountant(words, bytes, at: start + 1),
            let identity = LedgerIdentity(
                number: words[start, bytes], nameSeal: words[start + 12, bytes], nameWords: nameWords)
        else { return nil }
        for offset in 13...15 where words[start + offset, bytes] > UInt64.max / 4 { return nil }
        accountant.debtMicrojoules = words[start + 13, bytes]
        accountant.glitches = words[start + 14, bytes]
        accountant.largestRiseMicrojoules = words[start + 15, bytes]
        var lastSeen: UInt64 = 0
        if length >= LedgerImage.recordWords {
            let end = start + LedgerImage.namedWords
            guard LedgerCourse.read(&accountant, words, bytes, at: end) else { return nil }
            lastSeen = words[end, bytes]
        }
        self.init(
            identity, accountant, startUnixMicroseconds: words[start + 11, bytes], lastSeenSequence: lastSeen)
    }
}

extension CounterAccountant {
    /// Nil if the numbers cannot be those of an accountant.
    init?(_ words: WordReader, _ bytes: Span<UInt8>, at start: Int) {
        let modulus = words[start, bytes]
        let bound = words[start + 1, bytes]
        guard modulus > 0, bound > 0 else { return nil }
        // Sums that leave no room for more are no sums of this program's.
        for offset in 2...5 where words[start + offset, bytes] > UInt64.max / 4 { return nil }
        var last: Anchor?
        if words[start + 6, bytes] == 1 {
            guard words[start + 7, bytes] < modulus else { return nil }
            last = Anchor(
                raw: words[start + 7, bytes],
                moment: Moment(
                    monotonicNanoseconds: words[start + 8, bytes], boottimeNanoseconds: words[start + 9, bytes]))
        }
        self.init(
            modulus: modulus, boundMicrowatts: bound, totalMicrojoules: words[start + 2, bytes],
            wraps: words[start + 3, bytes], resets: words[start + 4, bytes], gaps: words[start + 5, bytes], last: last)
    }
}
