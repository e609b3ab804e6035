import Counters
import Glibc
import TestSupport
import Testing

@testable import Sources

/// A sensor of hwmon that somebody publishes: it is the same one, whoever reads it, and is counted once.
@Suite struct PublishedSensorTests {
    @Test(arguments: [
        ("hwmon/pci0000:00/psu/power1=total", false, "hwmon/pci0000:00/psu/power1=total"),
        ("plug-1", false, "feeds/meter/plug-1"), ("hwmon", false, "feeds/meter/hwmon"),
        ("hwmon/pci0000:00/psu/power1=total", true, "gpu/meter/hwmon/pci0000:00/psu/power1=total"),
    ])
    func `only a sensor of hwmon has the identity that it has without a feed`(
        id: String, isGPU: Bool, identity: String
    ) {
        #expect(FeedDiscovery.identity(id, of: "meter", isGPU: isGPU) == identity)
    }

    @Test(arguments: [false, true]) func `what we count ourselves is not counted from a feed as well`(
        isLong: Bool
    ) throws {
        try withPublishedSensor(isLong: isLong) { roots in
            let sources = Sources(opening: .these([.hwmon, .feeds]), roots)
            #expect(sources.counters.map(\.source) == [.hwmon])
            #expect(sources.report.refused(.feeds).map(\.reason) == [.replaced(by: .hwmon)])
        }
    }

    @Test func `from a feed it is the same sensor under the same name`() throws {
        try withPublishedSensor { roots in
            let own = Sources(opening: .these([.hwmon]), roots).counters
            let published = Sources(opening: .these([.feeds]), roots).counters
            #expect(published.map(\.source) == [.feeds])
            #expect(published.map(\.identity) == own.map(\.identity))
            #expect(published.map(\.domain) == own.map(\.domain))
        }
    }

    /// A device that went is found again where it was.
    @Test func `a sensor that is only missing does not change its reader`() throws {
        try withPublishedSensor { roots in
            var sources = Sources(opening: .these([.hwmon, .feeds]), roots)
            let result = sources.find([0], among: .all)
            #expect(result.added.isEmpty && result.reopened == [0])
            #expect(sources.counters.map(\.source) == [.hwmon])
        }
    }

    /// What a feed has no room for comes back as what it stands for, if that is known here.
    @Test func `an identity that is too long for a feed is found by what stands for it`() {
        let long = "hwmon/\(String(repeating: "pci0000:00/", count: 10))psu/power1=total"
        var memory = HwmonMemory()
        _ = memory.names.name(long, "psu_total")
        _ = memory.names.name("hwmon/pci0000:00/psu/power2", "psu_power2")
        let known = memory.longIdentities
        #expect(known == [FeedDiscovery.id(long): long])
        #expect(FeedDiscovery.identity(FeedDiscovery.id(long), of: "meter", isGPU: false, known) == long)
        #expect(
            FeedDiscovery.identity("0123456789abcdef:x", of: "meter", isGPU: false, known)
                == "feeds/meter/0123456789abcdef:x")
    }

    /// A power supply, and a feed that shows it as well.
    private func withPublishedSensor(isLong: Bool = false, _ body: (SystemRoots) throws -> Void) throws {
        try withHwmonTree { tree in
            let device = isLong ? (1...8).map { "pci0000:00/0000:00:1c.\($0)" }.joined(separator: "/") : "usb1/1-4"
            try tree.add(0, "psu", of: device, ["power1_input": "1000000\n", "power1_label": "total power\n"])
            let facts = HwmonDiscovery(sysfs: tree.root).sensors.map(\.facts)
            let sensor = try #require(facts.first)
            let directory = tree.root + "/feeds"
            try checked("mkdir", mkdir(directory, 0o755))
            #expect(FeedDiscovery.isLong(sensor.identity) == isLong)
            let line =
                "power id=\"\(FeedDiscovery.id(sensor.identity))\" domain=\(sensor.domain.tag) kind=sensor watts=1"
            try writeFile(directory + "/hwmon.feed", feed(line))
            try body(SystemRoots(sysfs: tree.root, procfs: tree.root, feeds: directory, vendor: .unknown))
        }
    }
}
