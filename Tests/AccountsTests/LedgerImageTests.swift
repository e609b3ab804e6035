import Bytes
import Counters
import TestSupport
import Testing

@testable import Accounts

@Suite struct LedgerImageTests {
    private static let boot = BootIdentity(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `what is written is read back`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let records = (0..<Int.random(in: 0...128, using: &random)).map { anyRecord($0, &random) }
        let sequence = random.next() / 4
        let bytes = encode(records, sequence: sequence)
        let decoded = try LedgerImage.decode(bytes.span)
        #expect(decoded == LedgerImage(boot: Self.boot, sequence: sequence, records: records))
        // The memory is longer than the image, and holds the rest of older ones.
        let later = try LedgerImage.decode((bytes + [7, 7, 7, 7, 7, 7, 7, 7]).span)
        #expect(later == decoded)
    }

    @Test func `as many records as there may be fit`() throws {
        var random = SplitMix64(seed: 1)
        let records = (0..<LedgerImage.capacity).map { anyRecord($0, &random) }
        let bytes = encode(records)
        #expect(bytes.count <= LedgerImage.longestBytes)
        #expect(bytes.count + LedgerImage.recordWords * 8 > LedgerImage.longestBytes)
        #expect(try LedgerImage.decode(bytes.span).records == records)
    }

    @Test(arguments: [0, 1, 8, 47, 48, 56, 4096])
    func `zeros are an image that was never written`(count: Int) {
        expect(.empty, Array(repeating: 0, count: count))
    }

    @Test func `bytes that are too few for anything are none`() {
        let bytes = encode([])
        for count in 0..<56 { expect(.empty, Array(bytes.prefix(count))) }
        for count in 56..<bytes.count { expect(.torn, Array(bytes.prefix(count))) }
    }

    @Test func `another layout is told from a torn image`() {
        var bytes = encode([])
        // The version is the last byte of the first word.
        bytes[7] = 3
        expect(.unknownLayout, bytes)
        expect(.unknownLayout, Array("#!/bin/sh\n".utf8) + Array(repeating: 0x20, count: 100))
    }

    @Test func `an image that is cut is torn`() {
        var random = SplitMix64(seed: 2)
        let bytes = encode([anyRecord(0, &random), anyRecord(1, &random)])
        for count in 72..<bytes.count { expect(.torn, Array(bytes.prefix(count))) }
    }

    @Test func `no bit can be flipped unseen`() {
        var random = SplitMix64(seed: 3)
        let bytes = encode([anyRecord(0, &random), anyRecord(1, &random)])
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            // Two bits of the version lead to the first layout, whose checksum is wrong then.
            expectRefused(flipped)
            if bit >= 64 { expect(.torn, flipped) }
        }
    }

    /// A number of writes near 2^64, which only somebody else can have written, once ended the process at the next write.
    @Test func `numbers that cannot be this program's are refused, whatever the checksum says`() throws {
        var random = SplitMix64(seed: 4)
        let words = words(encode([anyRecord(0, &random)]))
        let tooMuch = UInt64.max / 4 + 1
        let wrong: [(word: Int, value: UInt64)] = [
            (1, tooMuch), (1, UInt64.max), (4, 513), (4, UInt64.max), (4, 2), (5, 0), (5, 280), (5, 289),
            (5, UInt64.max), (6, 0), (6, 65), (6, UInt64.max), (9, 0), (10, 0), (11, tooMuch), (12, tooMuch),
            (13, tooMuch), (14, tooMuch), (14, UInt64.max), (20, 1), (24, 1),
        ]
        #expect(try LedgerImage.decode(sealed(words).span).records.count == 1, "else the rows prove nothing")
        for (word, value) in wrong {
            var forged = words
            forged[word] = value
            expect(.torn, sealed(forged))
        }
        var beyond = words
        beyond[15] = 1
        beyond[16] = beyond[9]
        expect(.torn, sealed(beyond))
    }

    @Test func `random bytes are no image`() {
        var random = SplitMix64(seed: 5)
        for magic in [LedgerImage.magic, FirstLayout.magic] {
            for _ in 0..<2_000 {
                var bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
                    UInt8(truncatingIfNeeded: random.next())
                }
                expectRefused(bytes)
                bytes.replaceSubrange(0..<min(8, bytes.count), with: [magic].littleEndianBytes)
                expectRefused(bytes)
            }
        }
    }

    @Test func `the layout is what was written down`() {
        let facts = CounterFacts.of(Domain(kind: .package, socket: 0), modulus: 0x11, boundMicrowatts: 0x12)
        let identity = LedgerIdentity(facts)
        let words = words(
            encode(
                [LedgerRecord(identity, accountant, startUnixMicroseconds: 0x0E, lastSeenSequence: 0x1D)],
                sequence: 0x0D))
        #expect(
            words.prefix(21) == [
                0x0252_4744_454C_4A50, 0x0D, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 1, 432, 64, 0,
                identity.number, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 1, 0x10, 0x18, 0x19, 0x0E, identity.nameSeal,
            ])
        #expect(words.count == 8 + 54 + 1)
        #expect(words[21..<24] == [0x1A, 0x1B, 0x1C])
        #expect(words[44...61] == [0x1D, 0x1E, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        let name = words[24..<44].flatMap { [$0].littleEndianBytes }
        #expect(
            String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) == "powercap/test/package/package_0 as package_0")
    }

    @Test func `longer records and a longer header of a later version are read`() throws {
        var random = SplitMix64(seed: 6)
        let records = (0..<3).map { anyRecord($0, &random) }
        var words = Array(words(encode(records)).dropLast())
        // A word at the end of each record, and two at the end of the header.
        for record in (1...3).reversed() { words.insert(random.next(), at: 8 + 54 * record) }
        words.insert(contentsOf: [random.next(), random.next()], at: 8)
        (words[5], words[6]) = (432 + 8, 64 + 16)
        let bytes = sealed(words + [0], record: 55, header: 10)
        #expect(try LedgerImage.decode(bytes.span).records == records)
    }

    @Test func `identities of any length have their place, and long ones differ by what has none`() throws {
        var facts = CounterFacts.of(Domain(kind: .package, socket: 0), modulus: 0x11, boundMicrowatts: 0x12)
        let lengths = [0, 1, 7, 8, 9, 159, 160, 161, 1_000, 70_000]
        let identities = lengths.map { length in
            facts.identity = String(repeating: "x", count: length)
            return LedgerIdentity(facts)
        }
        #expect(Set(identities.map(\.number)).count == lengths.count)
        let records = identities.dropFirst().map { LedgerRecord($0, accountant, startUnixMicroseconds: 1) }
        #expect(try LedgerImage.decode(encode(records).span).records == records)
    }

    private var accountant: CounterAccountant {
        var accountant = CounterAccountant(
            modulus: 0x11, boundMicrowatts: 0x12, totalMicrojoules: 0x13, wraps: 0x14, resets: 0x15, gaps: 0x16,
            last: .init(
                raw: 0x10, moment: Moment(monotonicNanoseconds: 0x18, boottimeNanoseconds: 0x19), readNanoseconds: 0x1E)
        )
        accountant.debtMicrojoules = 0x1A
        accountant.glitches = 0x1B
        accountant.largestRiseMicrojoules = 0x1C
        return accountant
    }

    private func anyRecord(_ number: Int, _ random: inout SplitMix64) -> LedgerRecord {
        var accountant = anyAccountant(&random)
        anyCourse(&accountant, &random)
        let facts = CounterFacts.of(Domain(kind: .package, socket: number), modulus: accountant.modulus)
        return LedgerRecord(
            LedgerIdentity(facts), accountant, startUnixMicroseconds: random.next(), lastSeenSequence: random.next())
    }

    private func encode(_ records: [LedgerRecord], sequence: UInt64 = 1) -> [UInt8] {
        var buffer = ByteBuffer(capacity: LedgerImage.longestBytes)
        var encoder = LedgerEncoder(
            boot: Self.boot, sequence: sequence, recordCount: records.count, into: &buffer)
        for (index, record) in records.enumerated() {
            if index % 2 == 0 {
                encoder.append(record, into: &buffer)
            } else {
                encoder.append(
                    record.identity, record.accountant, startUnixMicroseconds: record.startUnixMicroseconds,
                    lastSeenSequence: record.lastSeenSequence, into: &buffer)
            }
        }
        encoder.finish(into: &buffer)
        #expect(buffer.overflowed == false)
        return buffer.content()
    }

    /// The words with a checksum that is right, in the place of their last one.
    private func sealed(_ words: [UInt64], record: Int = 54, header: Int = 8) -> [UInt8] {
        var sum = Checksum()
        for (index, word) in words.dropLast().enumerated() {
            let position = index < header ? 0 : (index - header) % record
            if !(16..<36).contains(position) { sum.add(word) }
        }
        return (words.dropLast() + [sum.value]).littleEndianBytes
    }
}

/// Ledgers that the program wrote before it could have more counters.
@Suite struct FirstLayoutTests {
    private static let boot = BootIdentity(high: 3, low: 4)

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `what was written is read`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let domains = (0..<Int.random(in: 0...128, using: &random)).map { Domain(kind: .package, socket: $0) }
        let accountants = domains.map { _ in anyAccountant(&random) }
        let image = try LedgerImage.decode(encode(domains, accountants).span)
        #expect(image.boot == Self.boot)
        #expect(image.sequence == 9)
        #expect(image.records.map(\.accountant) == accountants)
        #expect(image.records.allSatisfy { $0.startUnixMicroseconds == 77 })
        for (record, domain) in zip(image.records, domains) {
            let facts = CounterFacts.of(domain, modulus: 1)
            #expect(record.identity.isFirstLayout(of: facts))
            #expect(!record.identity.isFirstLayout(of: CounterFacts.of(domain, source: .perf, modulus: 1)))
            #expect(record.identity != LedgerIdentity(facts))
        }
    }

    @Test func `no bit can be flipped unseen`() {
        var random = SplitMix64(seed: 3)
        let domains = [Domain(kind: .package, socket: 0), Domain(kind: .dram, socket: 0)]
        let bytes = encode(domains, domains.map { _ in anyAccountant(&random) })
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            expectRefused(flipped)
        }
        for count in 56..<bytes.count { expect(.torn, Array(bytes.prefix(count))) }
    }

    @Test func `its records go on in the new layout`() throws {
        var random = SplitMix64(seed: 4)
        let domain = Domain(kind: .package, socket: 0)
        let record = try LedgerImage.decode(encode([domain], [anyAccountant(&random)]).span).records[0]
        var buffer = ByteBuffer(capacity: LedgerImage.longestBytes)
        var encoder = LedgerEncoder(boot: Self.boot, sequence: 1, recordCount: 1, into: &buffer)
        encoder.append(record, into: &buffer)
        encoder.finish(into: &buffer)
        #expect(try LedgerImage.decode(buffer.content().span).records == [record])
    }

    @Test func `a domain was known by its kind, its tag and its source`() {
        var domains: [Domain] = []
        for kind in DomainKind.allCases {
            for socket in 0..<8 {
                for die in [nil, 0, 1, 2, 3] { domains.append(Domain(kind: kind, socket: socket, die: die)) }
            }
        }
        domains += ["ina_power1", "ina_power2", "ina_power1_2"].map { Domain(kind: .sensor, socket: 0, label: $0) }
        let identities = SourceKind.allCases.flatMap { source in
            domains.map { LedgerIdentity.firstLayoutNumber(of: $0, source: source) }
        }
        #expect(Set(identities).count == identities.count)
        // It is written down, so it must never change.
        let package = LedgerIdentity.firstLayoutNumber(of: Domain(kind: .package, socket: 0), source: .powercap)
        #expect(package == 0x80C7_9982_3EC8_11F5)
    }

    private func encode(_ domains: [Domain], _ accountants: [CounterAccountant]) -> [UInt8] {
        var words = [FirstLayout.magic, 9, Self.boot.high, Self.boot.low, 77, UInt64(domains.count)]
        for (domain, accountant) in zip(domains, accountants) {
            words += [
                LedgerIdentity.firstLayoutNumber(of: domain, source: .powercap), accountant.modulus,
                accountant.boundMicrowatts, accountant.totalMicrojoules, accountant.wraps, accountant.resets,
                accountant.gaps, accountant.last == nil ? 0 : 1, accountant.last?.raw ?? 0,
                accountant.last?.moment.monotonicNanoseconds ?? 0, accountant.last?.moment.boottimeNanoseconds ?? 0,
            ]
        }
        var sum = Checksum()
        for word in words { sum.add(word) }
        return (words + [sum.value]).littleEndianBytes
    }
}

private func anyAccountant(_ random: inout SplitMix64) -> CounterAccountant {
    func any() -> UInt64 { random.nextOfAnySize() / 4 }
    let modulus = max(1, random.nextOfAnySize())
    let last = Bool.random(using: &random) ? anyAnchor(modulus, &random) : nil
    return CounterAccountant(
        modulus: modulus, boundMicrowatts: max(1, random.nextOfAnySize()), totalMicrojoules: any(), wraps: any(),
        resets: any(), gaps: any(), last: last)
}

/// What the first layout had no room for.
private func anyCourse(_ accountant: inout CounterAccountant, _ random: inout SplitMix64) {
    accountant.debtMicrojoules = random.next() / 4
    accountant.glitches = random.next() / 4
    accountant.largestRiseMicrojoules = random.next() / 4
    if Bool.random(using: &random) { accountant.former = anyFormer(accountant.modulus, &random) }
    guard accountant.last != nil else { return }
    accountant.last?.readNanoseconds = random.next()
    guard Bool.random(using: &random) else { return }
    accountant.doubt = Doubt(
        latest: anyAnchor(accountant.modulus, &random), sinceNanoseconds: random.next(),
        newSinceNanoseconds: random.next(), readings: random.next(),
        isBack: Bool.random(using: &random), addedMicrojoules: random.next() / 4, wraps: random.next(),
        reason: Bool.random(using: &random) ? .jumped : .steppedBack, former: anyFormer(accountant.modulus, &random))
    accountant.doubt?.latest.readNanoseconds = random.next()
}

private func anyAnchor(_ modulus: UInt64, _ random: inout SplitMix64) -> CounterAccountant.Anchor {
    CounterAccountant.Anchor(
        raw: random.next() % modulus,
        moment: Moment(monotonicNanoseconds: random.next(), boottimeNanoseconds: random.next()))
}

private func anyFormer(_ modulus: UInt64, _ random: inout SplitMix64) -> FormerCourse {
    FormerCourse(
        aheadMicrojoules: random.next() % modulus, allowanceMicrojoules: random.next(),
        surplusMicrojoules: Int64(bitPattern: random.next()) / 4, isFromZero: Bool.random(using: &random),
        isStill: Bool.random(using: &random))
}

private func words(_ bytes: [UInt8]) -> [UInt64] {
    stride(from: 0, to: bytes.count, by: 8).map { start in
        (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }
}

private func expect(_ refusal: LedgerImage.Refusal, _ bytes: [UInt8], line: Int = #line) {
    #expect(refusalOf(bytes) == refusal, "line \(line)")
}

private func expectRefused(_ bytes: [UInt8]) {
    #expect(refusalOf(bytes) != nil)
}

private func refusalOf(_ bytes: [UInt8]) -> LedgerImage.Refusal? {
    do throws(LedgerImage.Refusal) {
        _ = try LedgerImage.decode(bytes.span)
        return nil
    } catch {
        return error
    }
}

@Suite struct BootIdentityTests {
    @Test func `a boot id is read with its dashes or without`() {
        let dashed = BootIdentity("01234567-89ab-cdef-fedc-ba9876543210\n")
        #expect(dashed == BootIdentity(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210))
        #expect(BootIdentity("0123456789ABCDEFFEDCBA9876543210") == dashed)
    }

    @Test(arguments: [
        "", "\n", "01234567-89ab-cdef-fedc-ba987654321", "01234567-89ab-cdef-fedc-ba98765432100",
        "０123456789ABCDEFFEDCBA9876543210", "not a boot id at all, not one",
    ])
    func `anything else is none`(text: String) {
        #expect(BootIdentity(text) == nil)
    }
}
