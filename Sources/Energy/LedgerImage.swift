import Bytes

/// What has to survive this process so that its counters go on: one accountant for each domain, and when counting began.
public struct LedgerImage: Sendable, Equatable {
    /// Which start of the machine the readings belong to.
    public var boot: BootIdentity
    /// When counting began, on the wall clock.
    public var startUnixMicroseconds: UInt64
    public var records: [Record]

    public struct Record: Sendable, Equatable {
        /// What is counted, and by which source; see `identity(of:source:)`.
        public var identity: UInt64
        public var accountant: CounterAccountant
    }

    public init(boot: BootIdentity, startUnixMicroseconds: UInt64, records: [Record]) {
        self.boot = boot
        self.startUnixMicroseconds = startUnixMicroseconds
        self.records = records
    }

    /// Why bytes are not an image.
    public enum Refusal: Error, Equatable, Sendable {
        /// Nothing was ever written.
        case empty
        /// Another layout than this program's.
        case unknownLayout
        /// The checksum is wrong: the write of it was cut short.
        case torn
    }

    /// "PJLEDGR" and the layout's version.
    static let magic: UInt64 = 0x0152_4744_454C_4A50
    private static let headerWords = 6
    private static let recordWords = 11
    /// Room for one image of the most domains, with its checksum.
    public static let longestBytes = (headerWords + recordWords * PowercapSource.capacity + 1) * 8

    /// Appends the image's bytes. `sequence` grows with each write, so that the newer of two images is known.
    static func encode(
        boot: BootIdentity, startUnixMicroseconds: UInt64, sequence: UInt64, accounts: [DomainAccount],
        identities: [UInt64], into bytes: inout ByteBuffer
    ) {
        var sum = Checksum()
        bytes.append(magic, &sum)
        bytes.append(sequence, &sum)
        bytes.append(boot.high, &sum)
        bytes.append(boot.low, &sum)
        bytes.append(startUnixMicroseconds, &sum)
        bytes.append(UInt64(accounts.count), &sum)
        for index in accounts.indices { encode(accounts[index].accountant, identities[index], &sum, into: &bytes) }
        bytes.append(littleEndian: sum.value)
    }

    private static func encode(
        _ accountant: CounterAccountant, _ identity: UInt64, _ sum: inout Checksum, into bytes: inout ByteBuffer
    ) {
        bytes.append(identity, &sum)
        bytes.append(accountant.modulus, &sum)
        bytes.append(accountant.boundMicrowatts, &sum)
        bytes.append(accountant.totalMicrojoules, &sum)
        bytes.append(accountant.wraps, &sum)
        bytes.append(accountant.resets, &sum)
        bytes.append(accountant.gaps, &sum)
        bytes.append(accountant.last == nil ? 0 : 1, &sum)
        bytes.append(accountant.last?.raw ?? 0, &sum)
        bytes.append(accountant.last?.moment.monotonicNanoseconds ?? 0, &sum)
        bytes.append(accountant.last?.moment.boottimeNanoseconds ?? 0, &sum)
    }

    /// Reads an image and its sequence number. The bytes may be anything.
    static func decode(_ bytes: Span<UInt8>) throws(Refusal) -> (image: LedgerImage, sequence: UInt64) {
        let words = WordReader(count: bytes.count / 8)
        guard words.count > headerWords, words[0, bytes] != 0 else { throw .empty }
        guard words[0, bytes] == magic else { throw .unknownLayout }
        let count = words[5, bytes]
        // A number that leaves no room for more writes is none of this program's.
        guard count <= UInt64(PowercapSource.capacity), words[1, bytes] <= UInt64.max / 4 else { throw .torn }
        let end = headerWords + recordWords * Int(count)
        guard end < words.count, words[end, bytes] == checksum(bytes.extracting(0..<(end * 8))) else { throw .torn }
        var records: [Record] = []
        for index in 0..<Int(count) {
            let start = headerWords + recordWords * index
            guard let accountant = CounterAccountant(words, bytes, at: start + 1) else { throw .torn }
            records.append(Record(identity: words[start, bytes], accountant: accountant))
        }
        let boot = BootIdentity(high: words[2, bytes], low: words[3, bytes])
        let image = LedgerImage(boot: boot, startUnixMicroseconds: words[4, bytes], records: records)
        return (image, words[1, bytes])
    }

    static func checksum(_ bytes: Span<UInt8>) -> UInt64 {
        var sum = Checksum()
        let words = WordReader(count: bytes.count / 8)
        for index in 0..<words.count { sum.add(words[index, bytes]) }
        return sum.value
    }

    /// A number for what a domain measures and by which counter, which stays the same over restarts.
    public static func identity(of domain: Domain, source: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in "\(source)/\(domain.kind.rawValue)/\(domain.tag)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return hash
    }
}

/// FNV-1a over words instead of bytes, with a shift that spreads the high bits: it must tell a torn write, not an adversary.
private struct Checksum {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01B3
        value ^= value >> 29
    }
}

extension ByteBuffer {
    /// Appends a word and adds it to a checksum.
    fileprivate mutating func append(_ word: UInt64, _ sum: inout Checksum) {
        append(littleEndian: word)
        sum.add(word)
    }
}

/// Reads words of eight bytes, the least significant first.
private struct WordReader {
    let count: Int

    subscript(index: Int, bytes: Span<UInt8>) -> UInt64 {
        var word: UInt64 = 0
        for offset in 0..<8 { word |= UInt64(bytes[index * 8 + offset]) << UInt64(offset * 8) }
        return word
    }
}

extension CounterAccountant {
    /// Nil if the numbers cannot be those of an accountant.
    fileprivate init?(_ words: WordReader, _ bytes: Span<UInt8>, at start: Int) {
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

/// Which start of the machine this is. See /proc/sys/kernel/random/boot_id in random(4).
public struct BootIdentity: Sendable, Equatable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads a UUID's 32 hexadecimal digits, with any dashes between them.
    public init?(_ text: String) {
        let digits = text.filter(\.isHexDigit)
        guard digits.count == 32, let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}
