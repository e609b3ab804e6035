public import Counters

/// What became of one kind of source when it was looked for.
public struct SourceAttempt: Sendable, Equatable {
    /// How it turned out.
    public enum Outcome: Sendable, Equatable {
        /// Its counters are read.
        case opened
        /// The machine has none. Why, in words that go on after "because", with what would change it.
        case absent(String)
        /// There are counters, and none of them can be read. Why, in the same form.
        case unreadable(String)
    }

    /// Which kind.
    public let kind: SourceKind
    /// What came of it.
    public let outcome: Outcome
    /// The row of `SourceChoice.alternatives` that it belongs to.
    public let row: Int

    /// It is read.
    public var isOpen: Bool { outcome == .opened }

    /// Why it is not read; nil if it is.
    public var obstacle: String? {
        switch outcome {
        case .opened: nil
        case .absent(let obstacle), .unreadable(let obstacle): obstacle
        }
    }
}

/// What was found when each kind of source was looked at last: every text about sources comes from here.
public struct SourceReport: Sendable {
    /// What was asked for.
    public let choice: SourceChoice
    /// Why the processor itself was asked who made it, as a sentence for people; nil if it was not.
    public let processorRemark: String?
    /// Where this is, and with that what helps.
    public let place: Surroundings
    /// What was tried, in order, and what became of it up to now.
    public internal(set) var attempts: [SourceAttempt] = []
    /// The zones of powercap; nil if nobody looked.
    public internal(set) var powercap: PowercapDiscovery?
    /// The events of perf; nil if nobody looked.
    public internal(set) var perf: PerfDiscovery?
    /// Why the events that were found cannot be opened; nil if they can.
    public internal(set) var perfError: PerfError?
    /// The sensors of hwmon; nil if nobody looked.
    public internal(set) var hwmon: HwmonDiscovery?
    /// What others publish; nil if nobody looked.
    public internal(set) var feeds: FeedDiscovery?
    /// What was found and could not be opened.
    var unopened: [SourceKind: [RefusedZone]] = [:]

    /// Something is read.
    public var isUp: Bool { attempts.contains(where: \.isOpen) }
    /// What is read is no measurement.
    public var isSimulated: Bool { attempts.contains { $0.isOpen && $0.kind == .simulated } }
    /// What is read.
    public var opened: [SourceKind] { attempts.filter(\.isOpen).map(\.kind) }

    /// The names of what is read, such as `powercap` or `powercap+hwmon`; where nothing is, of what should be.
    public var name: String { (isUp ? opened : wanted).map(\.rawValue).joined(separator: "+") }

    /// Where nothing is read: all that were asked for by name, otherwise the one that was looked for first.
    private var wanted: [SourceKind] {
        if case .these = choice { return attempts.map(\.kind) }
        return attempts.prefix(1).map(\.kind)
    }

    /// Each source that is read, and each that should be: one that is there and cannot be read, or that was asked for by name and
    /// has nobody in its place. Where nothing is read, all that were asked for by name, or the one that was looked for first.
    public var states: [(kind: SourceKind, isUp: Bool)] {
        guard isUp else { return wanted.map { ($0, false) } }
        return attempts.filter { $0.isOpen || isMissed($0) }.map { ($0.kind, $0.isOpen) }
    }

    private func isMissed(_ attempt: SourceAttempt) -> Bool {
        if case .unreadable = attempt.outcome { return true }
        return choice.names(attempt.kind) && !attempts.contains { $0.row == attempt.row && $0.isOpen }
    }

    /// What is shown and not counted, of one kind.
    public func refused(_ kind: SourceKind) -> [RefusedZone] {
        switch kind {
        case .powercap: (powercap?.refused ?? []) + (unopened[kind] ?? [])
        case .perf: (perf?.refused ?? []) + (unopened[kind] ?? [])
        case .hwmon: (hwmon?.refused ?? []) + (unopened[kind] ?? [])
        case .feeds: (feeds?.refused ?? []) + (unopened[kind] ?? [])
        case .simulated: []
        }
    }

    /// Everything that is shown of the kinds that were tried and not counted. The zones of powercap that could be read and are not
    /// opened all the same are among them.
    var uncounted: [ZoneReport] {
        let opened = attempts.filter(\.isOpen) + attempts.filter { !$0.isOpen }
        return opened.flatMap { attempt in refused(attempt.kind).map(\.report) }
    }
}
