public import Counters

/// By what a record of the ledger is found again: a number for the device that is counted, and its name for people and for
/// whoever doubts the number.
public struct LedgerIdentity: Sendable, Equatable {
    /// A hash of the counter's identity and name; in records of the first layout, of source, kind and tag.
    public let number: UInt64
    /// The identity's bytes, in words; empty in records of the first layout, which has no names.
    let nameWords: [UInt64]
    /// The length of the whole identity, and a checksum over the words.
    let nameSeal: UInt64

    /// The most bytes of an identity that are kept.
    static let nameBytes = 160
    static let nameWordCount = nameBytes / 8
    /// Between the device and the name that it is shown under.
    static let separator = " as "

    /// The identity of a counter, and the name that it is shown under: a total goes on under no other name, where it would seem
    /// to be the energy of another device.
    public init(_ facts: CounterFacts) {
        let identity = facts.identity + LedgerIdentity.separator + facts.domain.tag
        var words = Array(repeating: UInt64(0), count: LedgerIdentity.nameWordCount)
        for (offset, byte) in identity.utf8.prefix(LedgerIdentity.nameBytes).enumerated() {
            words[offset / 8] |= UInt64(byte) << UInt64(offset % 8 * 8)
        }
        number = hash(identity)
        nameWords = words
        nameSeal = LedgerIdentity.seal(words, length: identity.utf8.count)
    }

    /// Reads back what was written; nil if the words are not those that were sealed.
    init?(number: UInt64, nameSeal: UInt64, nameWords: [UInt64]) {
        // What a record of the first layout became has no name.
        let isNamed = nameSeal != 0
        let seal = isNamed ? LedgerIdentity.seal(nameWords, length: Int(nameSeal & 0xFFFF)) : 0
        guard nameSeal == seal, isNamed || nameWords.allSatisfy({ $0 == 0 }) else { return nil }
        self.number = number
        self.nameWords = isNamed ? nameWords : []
        self.nameSeal = nameSeal
    }

    /// A record of the first layout.
    init(firstLayout number: UInt64) {
        self.number = number
        nameWords = []
        nameSeal = 0
    }

    private static func seal(_ words: [UInt64], length: Int) -> UInt64 {
        var sum = Checksum()
        for word in words { sum.add(word) }
        return sum.value << 16 | UInt64(min(length, 0xFFFF))
    }

    /// What part of the machine it is: a GPU, or a part of a processor or the platform, which the counter's tag names; nil if it is
    /// none, or if the name is cut off.
    public var partKind: DomainKind? {
        let bytes = nameWords.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
        let name = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        if name.hasPrefix(CounterFacts.gpuIdentityPrefix) { return .gpu }
        guard let separator = name.ranges(of: " as ").last else { return nil }
        let tag = String(name[separator.upperBound...])
        guard Domain.isProcessorTag(tag) else { return nil }
        return DomainKind.allCases.first { $0 != .leadCore && tag.hasPrefix($0.rawValue + "_") }
    }

    /// The number under which the first layout kept a counter. It is written down, so it must never change.
    public static func firstLayoutNumber(of domain: Domain, source: SourceKind) -> UInt64 {
        hash("\(source.rawValue)/\(domain.kind.rawValue)/\(domain.tag)")
    }

    /// It has the number that the first layout gave this counter, and no name.
    public func isFirstLayout(of facts: CounterFacts) -> Bool {
        nameSeal == 0 && number == LedgerIdentity.firstLayoutNumber(of: facts.domain, source: facts.source)
    }
}

/// What the ledger keeps of one counter.
public struct LedgerRecord: Sendable, Equatable {
    /// Whose it is.
    public var identity: LedgerIdentity
    /// What was counted.
    public var accountant: CounterAccountant
    /// When counting began, on the wall clock.
    public var startUnixMicroseconds: UInt64
    /// The number of the last write at which the counter was measured; 0 if that is unknown.
    public var lastSeenSequence: UInt64

    /// A record to be written.
    public init(
        _ identity: LedgerIdentity, _ accountant: CounterAccountant, startUnixMicroseconds: UInt64,
        lastSeenSequence: UInt64 = 0
    ) {
        self.identity = identity
        self.accountant = accountant
        self.startUnixMicroseconds = startUnixMicroseconds
        self.lastSeenSequence = lastSeenSequence
    }
}
