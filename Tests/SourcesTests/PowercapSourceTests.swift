import Counters
import Kernel
import TestSupport
import Testing

@testable import Sources

@Suite struct PowercapSourceTests {
    @Test func `counters are read in the order of their zones, each time anew`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            try tree.setCounter("intel-rapl:0", 11)
            try tree.setCounter("intel-rapl:0:0", 22)
            let source = try PowercapSource(opening: PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones)
            #expect(source.read(0) == .counter(11))
            #expect(source.read(1) == .counter(22))
            try tree.setCounter("intel-rapl:0", 12_345_678_901)
            #expect(source.read(0) == .counter(12_345_678_901))
            #expect(source.read(1) == .counter(22))
        }
    }

    @Test func `no zones are no counters`() throws {
        let before = try Files.names(in: "/proc/self/fd").count
        _ = try PowercapSource(opening: [])
        #expect(try Files.names(in: "/proc/self/fd").count == before)
    }

    @Test func `a zone is opened again under its new number, and its old descriptor is closed`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            let zones = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones
            var source = try PowercapSource(opening: zones)
            try tree.rename("1", to: "2")
            try tree.setCounter("intel-rapl:2", 33)
            let found = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones
            let before = try Files.names(in: "/proc/self/fd").count
            try source.open(found[1], at: 1)
            #expect(source.read(1) == .counter(33))
            #expect(source.read(0) == .counter(0))
            #expect(try Files.names(in: "/proc/self/fd").count == before)
        }
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
