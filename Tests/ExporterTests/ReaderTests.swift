import GPU
import Sandbox
import TestSupport
import Testing

@testable import Exporter

private let second: UInt64 = 1_000_000_000

@Suite struct NvidiaPaceTests {
    @Test(arguments: [
        (200_000_000, 200_000_000, 1, 10), (700_000_000, 700_000_000, 1, 2), (second, second, 1, 2),
        (2 * second, 2 * second, 1, 1), (3 * second, 1_500_000_000, 2, 1), (60 * second, 2 * second, 30, 1),
    ])
    func `samples are taken before the driver forgets them, and published once an interval`(
        interval: UInt64, tick: UInt64, publication: Int, samples: Int
    ) {
        let pace = NvidiaPace(intervalNanoseconds: interval)
        #expect(pace.tickNanoseconds == tick)
        #expect((1...60).filter(pace.publishes) == (1...60).filter { $0 % publication == 0 })
        #expect((1...60).filter(pace.takesSamples) == (1...60).filter { $0 % samples == 0 })
        #expect(tick * UInt64(samples) <= 2 * second)
    }
}

@Suite struct NvidiaSleepTests {
    private let root: TemporaryDirectory
    private let driver: NVIDIADriver

    init() throws {
        root = try TemporaryDirectory()
        driver = NVIDIADriver(procfs: root.path + "/proc", sysfs: root.path + "/sys")
    }

    private func show(_ address: String, _ power: String, _ status: String) throws {
        try root.write("proc/driver/nvidia/gpus/\(address)/power", "Runtime D3 status: \(power)\n")
        try root.write("sys/bus/pci/devices/\(address)/power/runtime_status", status + "\n")
    }

    private func isBad(_ sleep: inout NvidiaSleep, at seconds: UInt64...) -> [Bool] {
        seconds.map { sleep.isOpeningBad(driver.gpus(), at: $0 * second) }
    }

    @Test func `GPUs that never sleep are opened at once`() throws {
        try show("0000:01:00.0", "Disabled by default", "active")
        var sleep = NvidiaSleep(driver)
        let answers = isBad(&sleep, at: 0, 1)
        #expect(answers == [false, false])
    }

    @Test func `one that sleeps is opened when another keeps it awake for long`() throws {
        try show("0000:01:00.0", "Enabled (fine-grained)", "suspended")
        try show("0000:02:00.0", "Disabled by default", "active")
        var sleep = NvidiaSleep(driver)
        var answers = isBad(&sleep, at: 0)
        try show("0000:01:00.0", "Enabled (fine-grained)", "active")
        answers += isBad(&sleep, at: 100, 129)
        try show("0000:01:00.0", "Enabled (fine-grained)", "suspended")
        answers += isBad(&sleep, at: 130)
        try show("0000:01:00.0", "Enabled (fine-grained)", "active")
        answers += isBad(&sleep, at: 131, 160, 161)
        #expect(answers == [true, true, true, true, true, true, false])
    }

    @Test func `it is let go when nothing has computed on it for long`() {
        var idle = NvidiaIdleness()
        let asked: [(UInt64, Bool)] = [(0, false), (29, false), (31, true), (32, false), (61, false), (62, false)]
        let answers = asked.map { idle.isLeftAlone(isComputing: $0.1, at: $0.0 * second) }
        #expect(answers == [false, false, false, false, false, true])
    }
}

@Suite struct NvidiaCommandTests {
    @Test func `only the usual command is allowed until a reading fails for it, and then any from the next start on`() {
        var command = NvidiaCommand(remarks: [])
        #expect(command.allowed == .one(0xC020_462A))
        // Nothing is refused yet.
        let before = command.loosen()
        command.isFenced = true
        let after = command.loosen()
        #expect(!before && after)
        var next = NvidiaCommand(remarks: ["ioctl=any"])
        next.isFenced = true
        #expect(next.allowed == .any)
        // It was not for the command.
        let again = next.loosen()
        #expect(!again)
    }
}
