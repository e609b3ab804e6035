import Bytes
import TestSupport
import Testing

@testable import Energy

@Suite struct LedgerImageTests {
    private static let boot = BootIdentity(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `what is written is read back`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let accounts = (0..<Int.random(in: 0...PowercapSource.capacity, using: &random)).map { anyAccount($0, &random) }
        let identities = accounts.map { LedgerImage.identity(of: $0.domain, source: "powercap") }
        let start = random.next()
        let sequence = random.next() / 4
        let bytes = encode(accounts, identities, start: start, sequence: sequence)
        let decoded = try LedgerImage.decode(bytes.span)
        #expect(decoded.sequence == sequence)
        let records = zip(identities, accounts).map { LedgerImage.Record(identity: $0, accountant: $1.accountant) }
        #expect(decoded.image == LedgerImage(boot: Self.boot, startUnixMicroseconds: start, records: records))
        // The memory is longer than the image, and holds the rest of older ones.
        let later = try LedgerImage.decode((bytes + [7, 7, 7, 7, 7, 7, 7, 7]).span)
        #expect(later.image == decoded.image)
    }

    @Test func `as many domains as can be counted fit`() throws {
        var random = SplitMix64(seed: 1)
        let accounts = (0..<PowercapSource.capacity).map { anyAccount($0, &random) }
        let bytes = encode(accounts, accounts.map { _ in 0 })
        #expect(bytes.count == LedgerImage.longestBytes)
        #expect(PerfSource.capacity <= PowercapSource.capacity)
        #expect(HwmonSource.capacity <= PowercapSource.capacity)
    }

    @Test(arguments: [0, 1, 8, 47, 48, 56, 4096])
    func `zeros are an image that was never written`(count: Int) {
        expect(.empty, Array(repeating: 0, count: count))
    }

    @Test func `bytes that are too few for anything are none`() {
        let bytes = encode([], [])
        for count in 0..<bytes.count { expect(.empty, Array(bytes.prefix(count))) }
    }

    @Test func `another layout is told from a torn image`() {
        var bytes = encode([], [])
        // The version is the last byte of the first word.
        bytes[7] = 2
        expect(.unknownLayout, bytes)
        expect(.unknownLayout, Array("#!/bin/sh\n".utf8) + Array(repeating: 0x20, count: 100))
    }

    @Test func `an image that is cut is torn`() {
        var random = SplitMix64(seed: 2)
        let bytes = encode([anyAccount(0, &random), anyAccount(1, &random)], [1, 2])
        for count in 56..<bytes.count { expect(.torn, Array(bytes.prefix(count))) }
    }

    @Test func `no bit can be flipped unseen`() {
        var random = SplitMix64(seed: 3)
        let bytes = encode([anyAccount(0, &random), anyAccount(1, &random)], [1, 2])
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            expect(bit < 64 ? .unknownLayout : .torn, flipped)
        }
    }

    /// A number of writes near 2^64, which only somebody else can have written, once ended the process at the next write.
    @Test func `numbers that cannot be this program's are refused, whatever the checksum says`() throws {
        var random = SplitMix64(seed: 4)
        let words = words(encode([anyAccount(0, &random)], [1]))
        let tooMuch = UInt64.max / 4 + 1
        let wrong: [(word: Int, value: UInt64)] = [
            (1, tooMuch), (1, UInt64.max), (5, 129), (5, UInt64.max), (5, 2), (7, 0), (8, 0), (9, tooMuch),
            (10, tooMuch), (11, tooMuch), (12, tooMuch), (12, UInt64.max),
        ]
        #expect(try LedgerImage.decode(sealed(words).span).image.records.count == 1, "else the rows prove nothing")
        for (word, value) in wrong {
            var forged = words
            forged[word] = value
            expect(.torn, sealed(forged))
        }
        var beyond = words
        beyond[13] = 1
        beyond[14] = beyond[7]
        expect(.torn, sealed(beyond))
    }

    @Test func `random bytes are no image`() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<2_000 {
            var bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
                UInt8(truncatingIfNeeded: random.next())
            }
            expectRefused(bytes)
            bytes.replaceSubrange(0..<min(8, bytes.count), with: [LedgerImage.magic].littleEndianBytes)
            expectRefused(bytes)
        }
    }

    @Test func `a domain is known by its kind, its tag and its source`() {
        var domains: [Domain] = []
        for kind in DomainKind.allCases {
            for socket in 0..<8 {
                for die in [nil, 0, 1, 2, 3] { domains.append(Domain(kind: kind, socket: socket, die: die)) }
            }
        }
        domains += ["ina_power1", "ina_power2", "ina_power1_2"].map { Domain(kind: .sensor, socket: 0, label: $0) }
        let sources = ["powercap", "perf", "hwmon", "simulated"]
        let identities = sources.flatMap { source in
            domains.map { LedgerImage.identity(of: $0, source: source) }
        }
        #expect(Set(identities).count == identities.count)
        // It is written down, so it must never change.
        let package = LedgerImage.identity(of: Domain(kind: .package, socket: 0), source: "powercap")
        #expect(package == 0x80C7_9982_3EC8_11F5)
    }

    @Test func `the layout is what was written down`() {
        var account = DomainAccount(
            domain: Domain(kind: .package, socket: 0), unitMicrojoules: 1,
            accountant: CounterAccountant(modulus: 0x11, boundMicrowatts: 0x12))
        account.restore(
            CounterAccountant(
                modulus: 0x11, boundMicrowatts: 0x12, totalMicrojoules: 0x13, wraps: 0x14, resets: 0x15, gaps: 0x16,
                last: .init(raw: 0x10, moment: Moment(monotonicNanoseconds: 0x18, boottimeNanoseconds: 0x19))))
        let words = words(encode([account], [0x0F], start: 0x0E, sequence: 0x0D))
        #expect(
            words.dropLast() == [
                0x0152_4744_454C_4A50, 0x0D, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 0x0E, 1, 0x0F, 0x11, 0x12,
                0x13, 0x14, 0x15, 0x16, 1, 0x10, 0x18, 0x19,
            ])
    }

    private func anyAccount(_ number: Int, _ random: inout SplitMix64) -> DomainAccount {
        func any() -> UInt64 { random.nextOfAnySize() / 4 }
        let modulus = max(1, random.nextOfAnySize())
        let anchor = CounterAccountant.Anchor(
            raw: random.next() % modulus,
            moment: Moment(monotonicNanoseconds: random.next(), boottimeNanoseconds: random.next()))
        let accountant = CounterAccountant(
            modulus: modulus, boundMicrowatts: max(1, random.nextOfAnySize()), totalMicrojoules: any(), wraps: any(),
            resets: any(), gaps: any(), last: Bool.random(using: &random) ? anchor : nil)
        var account = DomainAccount(
            domain: Domain(kind: .package, socket: number), unitMicrojoules: 1,
            accountant: CounterAccountant(modulus: modulus, boundMicrowatts: 1))
        account.restore(accountant)
        return account
    }

    private func encode(
        _ accounts: [DomainAccount], _ identities: [UInt64], start: UInt64 = 1, sequence: UInt64 = 1
    ) -> [UInt8] {
        var buffer = ByteBuffer(capacity: LedgerImage.longestBytes)
        LedgerImage.encode(
            boot: Self.boot, startUnixMicroseconds: start, sequence: sequence, accounts: accounts,
            identities: identities, into: &buffer)
        #expect(buffer.overflowed == false)
        return buffer.content()
    }

    private func words(_ bytes: [UInt8]) -> [UInt64] {
        stride(from: 0, to: bytes.count, by: 8).map { start in
            (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        }
    }

    /// The words with a checksum that is right, in the place of their last one.
    private func sealed(_ words: [UInt64]) -> [UInt8] {
        let bytes = Array(words.dropLast()).littleEndianBytes
        return bytes + [LedgerImage.checksum(bytes.span)].littleEndianBytes
    }

    private func expect(_ refusal: LedgerImage.Refusal, _ bytes: [UInt8], line: Int = #line) {
        #expect(self.refusal(bytes) == refusal, "line \(line)")
    }

    private func expectRefused(_ bytes: [UInt8]) {
        #expect(refusal(bytes) != nil)
    }

    private func refusal(_ bytes: [UInt8]) -> LedgerImage.Refusal? {
        do throws(LedgerImage.Refusal) {
            _ = try LedgerImage.decode(bytes.span)
            return nil
        } catch {
            return error
        }
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
