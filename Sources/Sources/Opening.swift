import Counters
import Kernel

/// Finding and opening, at the start and whenever it is time to look again.
extension Sources {
    /// Opens what was asked for, as far as it is there and can be read; `report` says what was tried. Never fails: without a source
    /// there are no counters.
    ///
    /// - Parameter simulationStartNanoseconds: when the simulated machine was started. By default with this one, so that two runs
    ///   of the program see one counter.
    public init(
        opening choice: SourceChoice, _ roots: SystemRoots, time: ReadingTime = .kernel, perfCalls: PerfCalls = .kernel,
        simulationStartNanoseconds: UInt64 = 0
    ) {
        self.init(unopened: choice, roots, time, perfCalls)
        // Whoever replays says what time it is with the first pass only.
        if time == .kernel { lookAtFeeds(at: .now()) }
        _ = find([])
        guard choice == .simulated else { return }
        simulated = SimulatedSource(startNanoseconds: simulationStartNanoseconds)
        for facts in SimulatedSource.facts { append(facts) }
        report.attempts = [SourceAttempt(kind: .simulated, outcome: .opened, row: 0)]
    }

    /// Looks closely at a kind, and opens what is not open.
    mutating func discover(_ index: Int, _ missing: [Int], _ result: inout SearchResult) {
        let kind = searches[index].kind
        for index in missing { hwmonMemory.open[counters[index].identity] = nil }
        let known = KnownCounters(counters, lost: missing)
        guard let discovery = closeLook(kind, known) else { return }
        let found = discovery.found
        let before = result.openedCount
        var unopened: [RefusedZone] = []
        if kind == .perf { report.perfError = nil }
        for group in 0...(found.last?.group ?? 0) {
            let members = found.indices.filter { found[$0].group == group }
            unopened += connect(discovery, found, members, missing, &result)
        }
        report.take(discovery)
        report.unopened[kind] = unopened
        settleLost(missing.filter { !result.reopened.contains($0) }, kind, discovery)
        searches[index].settle(
            hasOpened: result.openedCount > before, isWaiting: report.refused(kind).contains(where: \.reason.mayPass))
        report.settle(kind, searches[index].row, outcome(kind), order: searches.map(\.kind))
    }

    /// What is there of a kind now; nil for one that is not found but made.
    private mutating func closeLook(_ kind: SourceKind, _ known: KnownCounters) -> Discovery? {
        if kind == .feeds {
            let long = hwmonMemory.longIdentities
            return .feeds(feeds.discover(&hwmonMemory.names, long, at: now))
        }
        let discovery = Discovery(kind, roots, known: known, hwmonMemory)
        if case .hwmon(let discovery) = discovery { hwmonMemory = discovery.memory }
        return discovery
    }

    /// What became of a kind, in words for people.
    func outcome(_ kind: SourceKind) -> SourceAttempt.Outcome {
        if givenUp.contains(kind) { return Sources.stillness(kind) }
        guard count(of: kind) == 0 else { return .opened }
        let refused = report.refused(kind)
        switch kind {
        case .powercap: return PowercapAbsence(refused, sysfs: roots.sysfs, in: roots.place).outcome
        case .perf:
            if let error = report.perfError {
                return .unreadable("perf's energy events cannot be opened: \(error.sentence(in: roots.place))")
            }
            return .absent("the kernel has no 'power' unit of perf events")
        case .hwmon:
            let absence =
                "hwmon shows no sensor of energy or power" + (refused.isEmpty ? "" : " that can be counted now")
            return refused.contains { $0.reason == .permissionDenied } ? .unreadable(absence) : .absent(absence)
        case .feeds: return feedsOutcome
        case .simulated: return .absent("it was not asked for")
        }
    }

    private var feedsOutcome: SourceAttempt.Outcome {
        let path = roots.feeds
        if let refusal = report.feeds?.refusal {
            return .unreadable("nothing is taken from \(path): \(refusal); \(refusal.remedy(path)) mends that")
        }
        guard report.feeds?.isPresent ?? false else { return .absent("there is no directory of feeds, \(path)") }
        let absence = "no feed in \(path) shows energy or power"
        return report.refused(.feeds).isEmpty ? .absent(absence) : .unreadable(absence + " that can be counted now")
    }
}

extension SourceReport {
    /// Keeps what a close look found.
    mutating func take(_ discovery: Discovery) {
        switch discovery {
        case .powercap(let discovery): powercap = discovery
        case .perf(let discovery): perf = discovery
        case .hwmon(let discovery): hwmon = discovery
        case .feeds(let discovery): feeds = discovery
        }
    }

    /// Says what became of a kind. Where it is read, those that would have stood in for it do not matter any more.
    mutating func settle(_ kind: SourceKind, _ row: Int, _ outcome: SourceAttempt.Outcome, order: [SourceKind]) {
        func place(_ kind: SourceKind) -> Int { order.firstIndex(of: kind) ?? order.count }
        attempts.removeAll { attempt in
            attempt.kind == kind || outcome == .opened && attempt.row == row && place(attempt.kind) > place(kind)
        }
        attempts.append(SourceAttempt(kind: kind, outcome: outcome, row: row))
        attempts.sort { place($0.kind) < place($1.kind) }
    }

    /// Looks for the kinds that nobody has looked for yet, and tries to open what is found of perf, for whoever explains the
    /// machine. Nothing stays open.
    public mutating func completeSurvey(_ roots: SystemRoots, perfCalls: PerfCalls = .kernel) {
        if powercap == nil { powercap = PowercapDiscovery(sysfs: roots.sysfs, vendor: roots.vendor) }
        if hwmon == nil { hwmon = HwmonDiscovery(sysfs: roots.sysfs) }
        if feeds == nil { feeds = FeedDiscovery(roots) }
        guard perf == nil else { return }
        let discovery = PerfDiscovery(sysfs: roots.sysfs, vendor: roots.vendor)
        perf = discovery
        var source = PerfSource()
        var count = 0
        for group in discovery.groups {
            var zones = group.zones
            while !zones.isEmpty {
                do throws(PerfError) {
                    let places = Array(count..<(count + zones.count))
                    try source.open(zones, at: places, procfs: roots.procfs, calls: perfCalls)
                    count += zones.count
                    break
                } catch {
                    refuse(&zones, error)
                }
            }
        }
    }

    /// Takes those out of a group of events that cannot be opened.
    private mutating func refuse(_ zones: inout [PerfZone], _ error: PerfError) {
        perfError = perfError ?? error
        let obstacle = NotOpened(error)
        let culprits = zones.filter { $0.name == obstacle.zone }
        let refused = culprits.isEmpty ? zones : culprits
        unopened[.perf, default: []] += refused.map {
            RefusedZone(name: $0.name, domain: $0.domain, reason: obstacle.reason)
        }
        zones.removeAll(where: refused.contains)
    }
}

extension RefusedZone.Reason {
    /// It may be otherwise a moment later: rights that are not set yet, a device that is not ready.
    public var mayPass: Bool {
        switch self {
        case .permissionDenied, .failed, .badAttribute, .asleep, .hidden: true
        case .noEnergy, .duplicate, .enclosed, .unknownName, .tooMany, .battery, .slow, .replaced, .garbage,
            .unreadable:
            false
        }
    }
}
