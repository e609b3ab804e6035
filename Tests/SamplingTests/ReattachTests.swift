import Counters
import Kernel
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// Zones that went from the kernel and came back.
///
/// Files cannot give ENODEV, so here the accounts are told of it; the whole way, through a kernel that answers so, is an
/// end-to-end test.
@Suite struct ReattachTests {
    @Test func `a zone that is back under another number goes on where it was`() throws {
        try withLostZone { tree, sampler in
            try tree.rename("0", to: "5")
            try tree.setCounter("intel-rapl:5", 1_700)
            #expect(sampler.hasLostCounters == true)
            sampler.findMissing()
            sampler.tick()
            #expect(sampler.hasLostCounters == false)
            #expect(sampler.accounts[0].failure == nil)
            #expect(sampler.accounts[0].totalMicrojoules == 500 + 700)
            #expect(sampler.accounts[0].accountant.resets == 0)
            try tree.setCounter("intel-rapl:5", 1_900)
            sampler.refresh()
            #expect(sampler.accounts[0].totalMicrojoules == 500 + 900)
        }
    }

    @Test func `a zone whose counter began anew meanwhile is a reset`() throws {
        try withLostZone { tree, sampler in
            try tree.rename("0", to: "5")
            try tree.setCounter("intel-rapl:5", 40)
            sampler.findMissing()
            sampler.tick()
            #expect(sampler.accounts[0].totalMicrojoules == 500 + 40)
            #expect(sampler.accounts[0].accountant.resets == 1)
            #expect(sampler.accounts[0].lastReset == .steppedBack)
        }
    }

    @Test func `a zone that is back with another range is a reset that keeps the total`() throws {
        try withLostZone { tree, sampler in
            try tree.rename("0", to: "5")
            try tree.set("max_energy_range_uj", of: "intel-rapl:5", to: "65532610987\n")
            try tree.setLimit(0, of: "intel-rapl:5", name: "long_term", microwatts: 90_000_000)
            try tree.setCounter("intel-rapl:5", 1_234_567)
            sampler.findMissing()
            sampler.tick()
            #expect(sampler.accounts[0].totalMicrojoules == 500)
            #expect(sampler.accounts[0].accountant.modulus == 65_532_611_002)
            #expect(sampler.accounts[0].accountant.boundMicrowatts == 180_000_000)
            #expect(sampler.accounts[0].accountant.resets == 1)
            try tree.setCounter("intel-rapl:5", 1_234_667)
            sampler.tick()
            #expect(sampler.accounts[0].totalMicrojoules == 600)
        }
    }

    @Test func `a zone that is not back stays lost`() throws {
        try withLostZone { tree, sampler in
            try tree.unregister("0")
            sampler.findMissing()
            #expect(sampler.hasLostCounters == true)
            #expect(sampler.accounts[0].totalMicrojoules == 500)
        }
    }

    @Test func `a zone that cannot be opened stays lost, and is found the next time`() throws {
        try withLostZone { tree, sampler in
            try tree.remove("energy_uj", of: "intel-rapl:0")
            sampler.findMissing()
            #expect(sampler.hasLostCounters == true)
            #expect(sampler.accounts[0].totalMicrojoules == 500)
            try tree.setCounter("intel-rapl:0", 1_050)
            sampler.findMissing()
            sampler.tick()
            #expect(sampler.accounts[0].totalMicrojoules == 550)
        }
    }

    @Test func `another zone with the lost one's number is not taken for it`() throws {
        try withLostZone { tree, sampler in
            try tree.unregister("0")
            try tree.unregister("1")
            try tree.add("0", "package-1")
            try tree.setCounter("intel-rapl:0", 8_000)
            sampler.findMissing()
            #expect(sampler.hasLostCounters == true)
            sampler.tick()
            // Its descriptor still shows what it did; a real one would give ENODEV.
            #expect(sampler.accounts[0].totalMicrojoules == 500)
            #expect(sampler.accounts[1].totalMicrojoules == 0, "a zone that is not lost keeps its descriptor")
        }
    }

    @Test func `a mirror is not missed`() throws {
        try withPowercapTree(["0": "package-0-die-0", "1": "package-0-die-1"]) { tree in
            let zones = PowercapDiscovery(sysfs: tree.root, vendor: .amd).zones
            var accounts = zones.map { account(of: $0) }
            accounts[1].take(.failure(.unregistered), at: Moment.now())
            accounts[1].setMirror(true)
            let sampler = Sampling(.powercap(tree.root, .amd), accounts: accounts)
            #expect(sampler.hasLostCounters == false)
        }
    }

    @Test func `sources without zones have none to find again`() {
        var sampler = Sampling(.simulated(startNanoseconds: 0))
        sampler.tick()
        sampler.findMissing()
        #expect(sampler.hasLostCounters == false)
    }

    @Test(
        arguments: [
            ("3", "package-0", "intel-rapl", true), ("0", "package-0", "intel-rapl", true),
            ("0", "package-1", "intel-rapl", false), ("0", "package-0-die-0", "intel-rapl", false),
            ("0", "psys", "intel-rapl", false), ("0", "package-0", "intel-rapl-mmio", false),
        ])
    func `a zone is known by what it measures and who shows it, not by its number`(
        number: String, name: String, controlType: String, isSame: Bool
    ) throws {
        func identity(_ number: String, _ name: String, _ controlType: String) throws -> String? {
            var identity: String?
            try withPowercapTree([number: name], controlType: controlType) { tree in
                identity = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones.first?.identity
            }
            return identity
        }
        let known = try identity("0", "package-0", "intel-rapl")
        #expect(try (known == identity(number, name, controlType)) == isSame)
    }

    /// Lends a sampler of two packages, the first of which has counted 500 uJ up to a reading of 1,000 and is gone now.
    private func withLostZone(_ body: (PowercapTree, inout Sampling) throws -> Void) throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            let zones = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones
            var accounts = zones.map { account(of: $0) }
            for raw in [500, 1_000] as [UInt64] { accounts[0].take(.counter(raw), at: Moment.now()) }
            accounts[0].take(.failure(.unregistered), at: Moment.now())
            try tree.setCounter("intel-rapl:0", 1_000)
            var sampler = Sampling(.powercap(tree.root), accounts: accounts)
            try body(tree, &sampler)
        }
    }

    private func account(of zone: PowercapZone) -> DomainAccount { DomainAccount(zone.facts) }
}
