import Kernel
import TestSupport
import Testing

@testable import Energy

@Suite struct PowercapSourceTests {
    @Test func `counters are read in the order of their zones, each time anew`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            try tree.setCounter("intel-rapl:0", 11)
            try tree.setCounter("intel-rapl:0:0", 22)
            let source = try PowercapSource(opening: PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones)
            #expect(source.read(0) == .microjoules(11))
            #expect(source.read(1) == .microjoules(22))
            try tree.setCounter("intel-rapl:0", 12_345_678_901)
            #expect(source.read(0) == .microjoules(12_345_678_901))
            #expect(source.read(1) == .microjoules(22))
        }
    }

    @Test func `a zone that was not opened has no reading`() throws {
        let source = try PowercapSource(opening: [])
        #expect(source.read(0) == .failure(.unregistered))
        #expect(source.read(PowercapSource.capacity - 1) == .failure(.unregistered))
    }

    @Test func `a zone that went away before it was opened is an error, and nothing stays open`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            let zones = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones
            try tree.remove("energy_uj", of: "intel-rapl:1")
            let before = try Files.names(in: "/proc/self/fd").count
            #expect {
                _ = try PowercapSource(opening: zones)
            } throws: { error in
                (error as? SystemError)?.code == .notFound
            }
            #expect(try Files.names(in: "/proc/self/fd").count == before)
        }
    }
}
