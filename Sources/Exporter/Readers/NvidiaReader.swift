import GPU
import Kernel
import Log
import Logging
import Publishing
import Sandbox

/// `reader nvidia`: the energy of NVIDIA's GPUs by the driver's library, published as a feed.
///
/// It is a process of its own because a reading takes milliseconds of busy waiting in the kernel, and seconds or for ever where a GPU is
/// sick. What goes wrong beyond one GPU's reading ends it: the library cannot be begun anew in a process, and its unit starts another.
struct NvidiaReader: ~Copyable {
    /// The most samples of power in one publication, and in one GPU's line of it.
    private static let mostSamples = 6_000
    private static let mostSamplesOfOne = 1_000
    /// A GPU that could not be opened is tried again by another process after this.
    private static let retryNanoseconds: UInt64 = 60_000_000_000

    private let settings: ReaderSettings
    private let driver: NVIDIADriver
    private let pace: NvidiaPace
    private var loop: ReaderLoop
    private var feed: FeedWriter
    private var devices: DeviceReporter
    private let log: Logger
    private var command: NvidiaCommand
    /// The driver's, for people.
    private var version = "unknown"

    static func run(_ settings: ReaderSettings) -> Never {
        ReaderRun.run(settings, "nvidia") { feed, log in
            var reader = try NvidiaReader(settings, feed, log)
            return try reader.run()
        }
    }

    private init(
        _ settings: ReaderSettings, _ feed: consuming FeedWriter, _ log: Logger
    ) throws(SystemError) {
        let pace = NvidiaPace(intervalNanoseconds: settings.intervalNanoseconds)
        let loop = try ReaderLoop(periodNanoseconds: pace.tickNanoseconds)
        let command = NvidiaCommand(remarks: feed.formerRemarks)
        self.settings = settings
        driver = NVIDIADriver(procfs: settings.procfs, sysfs: settings.sysfs)
        self.pace = pace
        self.loop = loop
        self.feed = feed
        devices = DeviceReporter(log)
        self.log = log
        self.command = command
    }

    private mutating func run() throws -> ReaderEnd {
        if try waitForAwake() { return end(.asked) }
        let known = driver.gpus()
        if let failure = NVML.open(settings, driver) { return try hold(failure, known) }
        var cards: GPUCards
        do throws(NVMLCode) {
            let most = min(NvidiaReader.mostSamplesOfOne, NvidiaReader.mostSamples / max(1, known.count))
            cards = try GPUCards(known: known, mostSamples: most)
        } catch {
            return try hold(NvidiaFailure(error, driver), known)
        }
        cards.warm()
        version = NVML.versionForPeople()
        let gpus = driver.watch()
        enterSandbox()
        if let failure = try firstReading(&cards) { return end(.anew(failure)) }
        return try measure(&cards, gpus)
    }

    /// Reads the GPUs until the end.
    private mutating func measure(_ cards: inout GPUCards, _ gpus: borrowing GPUWatch) throws -> ReaderEnd {
        var idle = NvidiaIdleness()
        let sleepers = cards.sleepers
        let isMissingOne = cards.isMissingOne
        let start = Clock.monotonicNanoseconds()
        while true {
            guard case .tick(let tick) = try loop.wait() else { return end(.asked) }
            if gpus.hasChanged() { return end(.anew("there are other GPUs than before")) }
            if pace.takesSamples(tick) { for index in 0..<cards.count { cards.takeSamples(index) } }
            if pace.publishes(tick), let failure = try publish(&cards) { return end(.anew(failure)) }
            let now = Clock.monotonicNanoseconds()
            if !sleepers.isEmpty, pace.looksForProcesses(tick),
                idle.isLeftAlone(isComputing: cards.areComputing(sleepers), at: now)
            {
                return end(.anew("nothing computes on a GPU that sleeps when it is left alone"))
            }
            if isMissingOne, now - start > NvidiaReader.retryNanoseconds {
                return end(.anew("a GPU could never be read, which another process may"))
            }
        }
    }

    /// Waits while a GPU sleeps, which opening the library would wake. Whether a signal asked to end meanwhile.
    private mutating func waitForAwake() throws -> Bool {
        var sleep = NvidiaSleep(driver)
        while true {
            let gpus = driver.gpus()
            guard sleep.isOpeningBad(gpus, at: Clock.monotonicNanoseconds()) else { return false }
            feed.begin(periodNanoseconds: settings.intervalNanoseconds)
            for gpu in gpus { feed.addUnreadable(FeedDevice(GPUFacts(gpu)), .asleep, NvidiaSleep.text) }
            try feed.publish(in: settings)
            if case .end = try loop.wait() { return true }
        }
    }

    /// Says for a while that nothing can be read, and why. The next start may find it mended.
    private mutating func hold(_ failure: NvidiaFailure, _ known: [NVIDIADriver.GPU]) throws -> ReaderEnd {
        log.report(.failed, .error, failure.text)
        let start = Clock.monotonicNanoseconds()
        while Clock.monotonicNanoseconds() - start < failure.patienceNanoseconds {
            feed.begin(periodNanoseconds: settings.intervalNanoseconds)
            for gpu in known { feed.addUnreadable(FeedDevice(GPUFacts(gpu)), failure.reason, failure.text) }
            try feed.publish(in: settings)
            if case .end = try loop.wait() { return end(.asked) }
        }
        return end(.anew(failure.text))
    }

    /// Gives up everything but reading and publishing.
    private mutating func enterSandbox() {
        guard settings.entersSandbox else {
            return SandboxReporter.tell(SandboxReport(allOff: "--no-sandbox"), log)
        }
        var plan = SandboxPlan()
        plan.servesClients = false
        plan.readsFiles = false
        plan.deviceCommands = command.allowed
        plan.isFatal = Build.hasFatalSandbox
        feed.withDirectory { directory in plan.keepReplacing(in: directory) }
        let report = Sandbox.enterSandbox(plan)
        command.isFenced = report[.seccomp].isOn
        SandboxReporter.tell(report, log)
    }

    /// The first publication. If what could be read a moment ago cannot any more, the driver takes another command than the one that is
    /// allowed: then the next start allows any.
    private mutating func firstReading(_ cards: inout GPUCards) throws -> String? {
        let isRefused = (0..<cards.count).contains { index in
            guard cards.wasRead(index), case .failure = cards.read(index) else { return false }
            return true
        }
        if isRefused, command.loosen() {
            feed.begin(periodNanoseconds: settings.intervalNanoseconds)
            command.remark(in: &feed)
            try feed.publish(in: settings)
            return "the driver takes another command than \(NvidiaCommand.usual): the next start allows any"
        }
        let text = "the energy of \(cards.count) GPUs is published in \(settings.feeds); driver \(version)"
        log.report(.readerStarted, .notice, text, ["reader": "nvidia", "devices": String(cards.count)])
        return try publish(&cards)
    }

    /// Reads all GPUs and publishes what that gave.
    ///
    /// - Returns: why the process has to end; nil if it has not.
    private mutating func publish(_ cards: inout GPUCards) throws(StartFailure) -> String? {
        var failure: String?
        feed.begin(periodNanoseconds: settings.intervalNanoseconds)
        command.remark(in: &feed)
        for index in 0..<cards.count {
            let device = FeedDevice(cards.facts(index))
            let start = Clock.monotonicNanoseconds()
            let reading = cards.read(index)
            feed.add(device, reading, at: FeedMoment(from: start, to: Clock.monotonicNanoseconds()))
            switch reading {
            case .energy:
                devices.noteReadable(device.domain)
                if let course = cards.course(index) { feed.addSamples(device, FeedSamples(course)) }
            case .power: devices.noteReadable(device.domain)
            case .failure(let code):
                devices.note(device.domain, unreadable: FeedReason(code).rawValue, code.description)
                if code.endsProcess, cards.wasRead(index) { failure = "\(device.domain): \(code)" }
            }
        }
        try feed.publish(in: settings)
        return failure
    }

    /// What is asked to end in order is not measured any more; whoever is started anew goes on.
    private func end(_ end: ReaderEnd) -> ReaderEnd {
        if case .asked = end { feed.withdraw() }
        return end
    }
}
