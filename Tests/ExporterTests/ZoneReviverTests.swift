import TestSupport
import Testing

@testable import Energy
@testable import Exporter

@Suite struct ZoneReviverTests {
    private static let second: UInt64 = 1_000_000_000
    /// When a lost zone is looked for, in seconds since it was missed: after 1 s, then after pauses that double up to 60 s.
    private static let attempts: [UInt64] = [1, 3, 7, 15, 31, 63, 123, 183, 243]

    @Test(arguments: 0..<attempts.count)
    func `a lost zone is looked for after a second, and then ever more rarely`(number: Int) throws {
        #expect(try isFound(atSecond: Self.attempts[number], earlyByNanoseconds: 0, after: Self.attempts[..<number]))
        #expect(try !isFound(atSecond: Self.attempts[number], earlyByNanoseconds: 1, after: Self.attempts[..<number]))
    }

    @Test func `where nothing is lost nothing is done`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            var sampler = try Sampler.powercap(PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones)
            var reviver = ZoneReviver(sysfs: tree.root, vendor: .intel)
            sampler.tick()
            try tree.rename("0", to: "5")
            try tree.setCounter("intel-rapl:5", 900)
            for second in 0..<200 as Range<UInt64> {
                reviver.review(&sampler, nanoseconds: second * Self.second, logged.log)
            }
            sampler.tick()
            #expect(sampler.accounts[0].totalMicrojoules == 0, "the old descriptor is read on")
            #expect(logged.lines().isEmpty == true)
        }
    }

    @Test func `the next loss is looked for after a second again`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            let zones = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones
            var reviver = ZoneReviver(sysfs: tree.root, vendor: .intel)
            var lost = try sampler(zones, isLost: true)
            var found = try sampler(zones, isLost: false)
            var lostAgain = try sampler(zones, isLost: true)
            try tree.unregister("0")
            for second in 0..<100 as Range<UInt64> {
                reviver.review(&lost, nanoseconds: second * Self.second, logged.log)
            }
            reviver.review(&found, nanoseconds: 100 * Self.second, logged.log)
            reviver.review(&lostAgain, nanoseconds: 101 * Self.second, logged.log)
            try tree.add("5", "package-0")
            try tree.setCounter("intel-rapl:5", 1_700)
            reviver.review(&lostAgain, nanoseconds: 102 * Self.second, logged.log)
            lostAgain.tick()
            #expect(lostAgain.accounts[0].totalMicrojoules == 700)
        }
    }

    @Test func `a zone that is back and may not be read is said once, with what helps`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            let zones = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones
            var sampler = try sampler(zones, isLost: true)
            var reviver = ZoneReviver(sysfs: tree.root, vendor: .intel)
            try tree.rename("0", to: "5")
            try tree.forbid("intel-rapl:5")
            try withoutPrivileges {
                for second in 0..<300 as Range<UInt64> {
                    reviver.review(&sampler, nanoseconds: second * Self.second, logged.log)
                }
            }
            let lines = logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=error event=zone_unreadable"))
            #expect(lines[0].contains("zone intel-rapl:5 is back but may not be read any more: restart the exporter"))
            #expect(sampler.hasLostZones == true)
        }
    }

    /// A zone that could never be read was once said to be back when another one was lost.
    @Test func `a forbidden zone that was never counted is not said to be back`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            let logged = try LogBench()
            let zones = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones.filter { $0.domain.socket == 0 }
            var sampler = try sampler(zones, isLost: true)
            var reviver = ZoneReviver(sysfs: tree.root, vendor: .intel)
            try tree.unregister("0")
            try tree.forbid("intel-rapl:1")
            try withoutPrivileges {
                for second in 0..<10 as Range<UInt64> {
                    reviver.review(&sampler, nanoseconds: second * Self.second, logged.log)
                }
            }
            #expect(logged.lines().isEmpty == true)
        }
    }

    /// Whether a zone that is back since the last attempt in vain is found at a time.
    private func isFound(
        atSecond second: UInt64, earlyByNanoseconds early: UInt64, after attempts: ArraySlice<UInt64>
    ) throws -> Bool {
        var isFound = false
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            var sampler = try sampler(PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones, isLost: true)
            var reviver = ZoneReviver(sysfs: tree.root, vendor: .intel)
            try tree.unregister("0")
            let missed = 5_000 * Self.second
            for attempt in [0] + attempts {
                reviver.review(&sampler, nanoseconds: missed + attempt * Self.second, logged.log)
            }
            try tree.add("5", "package-0")
            try tree.setCounter("intel-rapl:5", 1_700)
            reviver.review(&sampler, nanoseconds: missed + second * Self.second - early, logged.log)
            sampler.tick()
            isFound = sampler.accounts[0].totalMicrojoules == 700
        }
        return isFound
    }

    /// A sampler whose zones have all been read at 1,000 uJ; files cannot give ENODEV, so it is told that they are lost.
    private func sampler(_ zones: [PowercapZone], isLost: Bool) throws -> Sampler {
        let accounts = zones.map { zone in
            var account = DomainAccount(
                domain: zone.domain, unitMicrojoules: zone.unitMicrojoules,
                accountant: CounterAccountant(modulus: zone.modulus, boundMicrowatts: zone.boundMicrowatts))
            account.note(.microjoules(1_000), at: Moment.now())
            if isLost { account.note(.failure(.unregistered), at: Moment.now()) }
            return account
        }
        return Sampler(source: .powercap(try PowercapSource(opening: zones)), accounts: accounts)
    }
}
