import Testing

@testable import Counters

@Suite struct DomainTests {
    @Test(
        arguments: [
            (Domain(kind: .package, socket: 0), "package_0"),
            (Domain(kind: .package, socket: 12), "package_12"),
            (Domain(kind: .package, socket: 0, die: 1), "package_0_die_1"),
            (Domain(kind: .core, socket: 1), "core_1"),
            (Domain(kind: .uncore, socket: 0), "uncore_0"),
            (Domain(kind: .dram, socket: 1, die: 0), "dram_1_die_0"),
            (Domain(kind: .psys, socket: 0), "psys_0"),
            (Domain(kind: .leadCore, socket: 0), "core_0"),
            (Domain(kind: .sensor, socket: 0, label: "ina3221_vdd_in"), "ina3221_vdd_in"),
        ] as [(Domain, String)])
    func `a tag is pyJoules' name of the domain`(domain: Domain, tag: String) {
        #expect(domain.tag == tag)
    }

    @Test func `everything lies in its package but the platform, sensors and zones`() {
        for kind in DomainKind.allCases {
            #expect(Domain(kind: kind, socket: 3).package == ([.psys, .gpu, .sensor, .zone].contains(kind) ? nil : 3))
        }
    }

    @Test func `kinds are named as the label has them`() {
        #expect(
            DomainKind.allCases.map(\.rawValue) == [
                "package", "core", "uncore", "dram", "psys", "lead_core", "gpu", "sensor", "zone",
            ])
    }
}
