import Kernel
import Publishing
import TestSupport
import Testing

@Suite struct FeedWriterTests {
    private let directory: TemporaryDirectory
    private static let card = {
        var device = FeedDevice(
            identity: "GPU-1", domain: "nvidia_gpu_0", kind: .gpu, updateNanoseconds: 100_000_000,
            boundMicrowatts: 1_400_000_000)
        device.labels = [("vendor", "nvidia"), ("model", "NVIDIA \"H200\"\\\n")]
        return device
    }()

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func published(_ write: (inout FeedWriter) -> Void) throws -> [String] {
        var feed = try FeedWriter(in: directory.path, name: "nvidia")
        feed.begin(periodNanoseconds: 1_000_000_000)
        write(&feed)
        try feed.publish()
        let text = String(decoding: try Files.read(directory.path + "/nvidia.feed", limit: 100_000), as: UTF8.self)
        #expect(text.hasSuffix("\n"))
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test func `a counter has its facts, and text is quoted where it must be`() throws {
        let lines = try published { feed in
            feed.addCounter(
                Self.card, raw: 2_265_123, unitMicrojoules: 1000,
                at: FeedMoment(from: 24_398_000_000, to: 24_402_000_001))
        }
        #expect(
            lines == [
                "pyjoules-feed 1", "reader name=nvidia period=1",
                "counter id=GPU-1 domain=nvidia_gpu_0 kind=gpu unit=1000 raw=2265123 at=24.400000001 spread=0.004000001 "
                    + "update=0.1 bound=1400 vendor=nvidia model=\"NVIDIA \\\"H200\\\"\\\\?\"", "end",
            ])
    }

    @Test func `power, samples, remarks and what cannot be read have lines of their own`() throws {
        let sensor = FeedDevice(identity: "a=b", domain: "wall", kind: .sensor)
        let lines = try published { feed in
            feed.addRemark("ioctl", "any")
            feed.addPower(sensor, microwatts: 43_250_001, at: FeedMoment(from: 5, to: 5))
            feed.addSamples(
                sensor,
                FeedSamples(everyNanoseconds: 20_000_000, untilNanoseconds: 7_000_000_000, milliwatts: [76_100, 0, 70]))
            feed.addUnreadable(sensor, .driverMismatch, String(repeating: "é", count: 150))
        }
        #expect(
            lines.dropFirst(2) == [
                "# ioctl=any",
                "power id=\"a=b\" domain=wall kind=sensor watts=43.250001 at=0.000000005 spread=0",
                "samples id=\"a=b\" every=0.02 until=7 watts=76.1,0,0.07",
                "unreadable id=\"a=b\" domain=wall kind=sensor reason=driver_mismatch text="
                    + String(repeating: "é", count: 100),
                "end",
            ])
    }

    @Test func `what does not fit is left out, and the end is there all the same`() throws {
        let samples = FeedSamples(
            everyNanoseconds: 1, untilNanoseconds: 1, milliwatts: Array(repeating: 123_456, count: 1000))
        let lines = try published { feed in
            for _ in 0..<20 { feed.addSamples(Self.card, samples) }
            feed.addSamples(
                Self.card,
                FeedSamples(
                    everyNanoseconds: 1, untilNanoseconds: 1, milliwatts: Array(repeating: 123_456, count: 3000)))
        }
        #expect(lines.count == 2 + 8 + 1)
        #expect(lines.last == "end")
        #expect(lines.reduce(0) { $0 + $1.utf8.count + 1 } <= 65_536)
    }

    @Test func `a publication replaces the one before, whatever lies in the way of the other name`() throws {
        var feed = try FeedWriter(in: directory.path, name: "nvidia")
        for period: UInt64 in [1, 2] {
            feed.begin(periodNanoseconds: period * 500_000_000)
            try feed.publish()
        }
        let text = String(decoding: try Files.read(directory.path + "/nvidia.feed"), as: UTF8.self)
        #expect(text == "pyjoules-feed 1\nreader name=nvidia period=1\nend\n")
        try directory.link(".nvidia.feed.tmp", to: "elsewhere")
        feed.begin(periodNanoseconds: 1)
        #expect(throws: SystemError.self) { try feed.publish() }
        #expect(!(try Files.names(in: directory.path)).contains("elsewhere"))
        feed.withdraw()
        #expect(!(try Files.names(in: directory.path)).contains("nvidia.feed"))
    }

    @Test func `one process has a name at a time, and the next finds its remarks`() throws {
        do {
            var first = try FeedWriter(in: directory.path, name: "nvidia")
            #expect(first.formerRemarks == [])
            #expect { _ = try FeedWriter(in: directory.path, name: "nvidia") } throws: { error in
                (error as? SystemError)?.code == .wouldBlock
            }
            first.begin(periodNanoseconds: 1)
            first.addRemark("ioctl", "any")
            try first.publish()
        }
        let second = try FeedWriter(in: directory.path, name: "nvidia")
        #expect(second.formerRemarks == ["ioctl=any"])
    }

    @Test func `a directory that is not there, or is a link, is refused`() throws {
        #expect(throws: SystemError.self) { _ = try FeedWriter(in: directory.path + "/none", name: "nvidia") }
        try directory.link("link", to: directory.path)
        #expect(throws: SystemError.self) { _ = try FeedWriter(in: directory.path + "/link", name: "nvidia") }
    }
}

@Suite struct FeedIdentityTests {
    @Test func `a long identity keeps its end and stays another than its like`() {
        let device = String(repeating: "pci0000:00/", count: 12)
        let one = FeedDevice(identity: "hwmon/1/\(device)/power1", domain: "a", kind: .sensor).identity
        let other = FeedDevice(identity: "hwmon/2/\(device)/power1", domain: "a", kind: .sensor).identity
        #expect(one.utf8.count == FeedDevice.longestIdentity && other.utf8.count == FeedDevice.longestIdentity)
        #expect(one != other)
        #expect(one.hasSuffix("pci0000:00//power1"))
        #expect(FeedDevice.shortened(one) == one)
    }

    @Test(arguments: 90...96) func `what fits stays`(length: Int) {
        let text = String(repeating: "x", count: length)
        #expect(FeedDevice.shortened(text) == text)
    }

    @Test(arguments: 97...101) func `no character is cut in two`(length: Int) {
        let text = String(repeating: "é", count: length)
        let shortened = FeedDevice.shortened(text)
        #expect(shortened.utf8.count <= FeedDevice.longestIdentity)
        #expect(shortened.dropFirst(17).allSatisfy { $0 == "é" })
    }
}
