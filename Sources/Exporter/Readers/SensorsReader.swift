import Counters
import Kernel
import Log
import Logging
import Publishing
import Sandbox
import Sources

/// `reader hwmon`: the sensors that are too slow for the exporter's loop, published as a feed.
struct SensorsReader: ~Copyable {
    private let settings: ReaderSettings
    private var loop: ReaderLoop
    private var feed: FeedWriter
    private var sensors: SlowSensors
    private var devices: DeviceReporter
    private let log: Logger
    private var toldCount: Int?
    /// From one publication to the next, or as long as it takes to read all.
    private var periodNanoseconds: UInt64

    static func run(_ settings: ReaderSettings) -> Never {
        ReaderRun.run(settings, "hwmon") { feed, log in
            var reader = try SensorsReader(settings, feed, log)
            return try reader.run()
        }
    }

    private init(_ settings: ReaderSettings, _ feed: consuming FeedWriter, _ log: Logger) throws(SystemError) {
        let loop = try ReaderLoop(periodNanoseconds: settings.intervalNanoseconds)
        let sensors = SlowSensors(sysfs: settings.sysfs)
        self.settings = settings
        self.loop = loop
        self.feed = feed
        self.sensors = sensors
        devices = DeviceReporter(log)
        self.log = log
        periodNanoseconds = settings.intervalNanoseconds
    }

    private mutating func run() throws -> ReaderEnd {
        enterSandbox()
        while true {
            if sensors.hasChanged() { sensors = SlowSensors(sysfs: settings.sysfs) }
            tellSensors()
            guard try publish() else { break }
            if case .end = try loop.wait() { break }
        }
        feed.withdraw()
        return .asked
    }

    /// Says how many there are, once each time that it changes.
    private mutating func tellSensors() {
        let count = sensors.slowCount
        guard count != toldCount else { return }
        toldCount = count
        let text =
            count > 0
            ? "\(count) sensors that are too slow for the exporter are published in \(settings.feeds)"
            : "no sensor here is too slow for the exporter, so that there is nothing to publish: it reads all that can be read"
        log.report(.readerStarted, .notice, text, ["reader": "hwmon", "devices": String(count)])
    }

    private func enterSandbox() {
        guard settings.entersSandbox else {
            return SandboxReporter.tell(SandboxReport(allOff: "--no-sandbox"), log)
        }
        var plan = SandboxPlan()
        plan.servesClients = false
        plan.readablePaths = SlowSensors.searchedPaths(sysfs: settings.sysfs)
        plan.isFatal = Build.hasFatalSandbox
        feed.withDirectory { directory in plan.keepReplacing(in: directory) }
        SandboxReporter.tell(Sandbox.enterSandbox(plan), log)
    }

    /// Reads all sensors, one after the other, and publishes what that gave. False if a signal asked to end meanwhile.
    private mutating func publish() throws -> Bool {
        let begin = Clock.monotonicNanoseconds()
        feed.begin(periodNanoseconds: periodNanoseconds)
        for index in sensors.facts.indices {
            if try loop.isAskedToEnd() { return false }
            let start = Clock.monotonicNanoseconds()
            guard let reading = sensors.read(index) else { continue }
            add(sensors.facts[index], reading, at: FeedMoment(from: start, to: Clock.monotonicNanoseconds()))
        }
        try feed.publish(in: settings)
        // What took so long once can again, and is not stale then.
        periodNanoseconds = max(periodNanoseconds, Clock.monotonicNanoseconds() - begin)
        return true
    }

    private mutating func add(_ facts: CounterFacts, _ reading: Reading, at moment: FeedMoment) {
        let device = FeedDevice(facts)
        switch reading {
        case .counter(let value, _):
            devices.noteReadable(device.domain)
            if facts.isEstimate {
                feed.addPower(device, microwatts: value, at: moment)
            } else {
                feed.addCounter(device, raw: value, unitMicrojoules: 1, at: moment)
            }
        // It went; the listing says so as well, and then it is looked for.
        case .failure(.unregistered): return
        case .failure(let failure):
            let reason: FeedReason = failure == .asleep ? .asleep : .error
            let text = "its driver says \(failure.rawValue)"
            devices.note(device.domain, unreadable: reason.rawValue, text)
            feed.addUnreadable(device, reason, text)
        }
    }
}

extension FeedDevice {
    private static let longestDomain = 63

    init(_ facts: CounterFacts) {
        self.init(
            identity: facts.identity, domain: String(facts.domain.tag.prefix(FeedDevice.longestDomain)),
            kind: facts.domain.kind == .gpu ? .gpu : .sensor,
            updateNanoseconds: facts.updatePeriodNanoseconds, boundMicrowatts: facts.boundMicrowatts)
    }
}
