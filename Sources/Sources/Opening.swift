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
        _ = find([])
        guard choice == .simulated else { return }
        simulated = SimulatedSource(startNanoseconds: simulationStartNanoseconds)
        for facts in SimulatedSource.facts { append(facts) }
        report.attempts = [SourceAttempt(kind: .simulated, outcome: .opened, row: 0)]
    }

    /// Looks closely at a kind, and opens what is not open.
    mutating func discover(_ index: Int, _ missing: [Int], _ result: inout SearchResult) {
        let kind = searches[index].kind
        guard let discovery = Discovery(kind, roots, known: KnownCounters(counters, lost: missing)) else { return }
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
        searches[index].settle(
            hasOpened: result.openedCount > before, isWaiting: report.refused(kind).contains(where: \.reason.mayPass))
        report.settle(kind, searches[index].row, outcome(kind), order: searches.map(\.kind))
    }

    /// Opens those counters of a group that are new or were missing.
    ///
    /// - Returns: those that could not be.
    private mutating func connect(
        _ discovery: Discovery, _ found: [FoundCounter], _ members: [Int], _ missing: [Int],
        _ result: inout SearchResult
    ) -> [RefusedZone] {
        var refused: [RefusedZone] = []
        var wanted: [Int] = []
        var places: [Int] = []
        var next = members.first.map { count(of: found[$0].facts.source) } ?? 0
        for member in members {
            let facts = found[member].facts
            if let known = counters.firstIndex(where: { $0.identity == facts.identity }) {
                guard missing.contains(known) else { continue }
                places.append(self.places[known].index)
            } else if let reason = obstacle(to: facts, number: next) {
                refused.append(RefusedZone(name: facts.name, domain: facts.domain, reason: reason))
                continue
            } else {
                places.append(next)
                next += 1
            }
            wanted.append(member)
        }
        guard !wanted.isEmpty else { return refused }
        do throws(NotOpened) {
            try open(discovery, wanted, at: places)
        } catch {
            report.perfError = error.perfError ?? report.perfError
            return refused
                + wanted.map { member in
                    RefusedZone(
                        name: found[member].facts.name, domain: found[member].facts.domain, reason: error.reason)
                }
        }
        for member in wanted { enter(found[member], &result) }
        return refused
    }

    /// Why a counter that was never there before cannot be counted; nil if it can.
    private func obstacle(to facts: CounterFacts, number: Int) -> RefusedZone.Reason? {
        // The names of domains must be told apart, whatever their source.
        if counters.contains(where: { $0.domain.tag == facts.domain.tag && !givenUp.contains($0.source) }) {
            return .duplicate
        }
        let capacity = facts.source == .hwmon ? HwmonSource.capacity : PowercapSource.capacity
        return number < capacity && counters.count < Sources.mostCounters ? nil : .tooMany
    }

    /// Takes in a counter that was opened: it goes on under its number if it has one, and under its domain's name.
    private mutating func enter(_ found: FoundCounter, _ result: inout SearchResult) {
        guard let index = counters.firstIndex(where: { $0.identity == found.facts.identity }) else {
            result.added.append(counters.count)
            return append(found.facts, limits: found.limits, found.limitFiles)
        }
        var facts = found.facts
        facts.domain = counters[index].domain
        result.reopened.append(index)
        if counters[index].name != facts.name { result.renamed.append(index) }
        counters[index] = facts
        limitFiles[index] = found.limitFiles
        limitFiles[index]?.latestMicrowatts = facts.boundMicrowatts
        zones[index] = ZoneReport(facts, limits: found.limits)
    }

    /// What became of a kind, in words for people.
    func outcome(_ kind: SourceKind) -> SourceAttempt.Outcome {
        if givenUp.contains(kind) { return Sources.stillness(kind) }
        guard count(of: kind) == 0 else { return .opened }
        let refused = report.refused(kind)
        switch kind {
        case .powercap: return powercapOutcome(refused)
        case .perf:
            if let error = report.perfError { return .unreadable("perf's energy events cannot be opened: \(error)") }
            return .absent("the kernel has no 'power' unit of perf events")
        case .hwmon:
            let absence = "hwmon shows no sensor of energy or power"
            return refused.contains { $0.reason == .permissionDenied } ? .unreadable(absence) : .absent(absence)
        case .simulated: return .absent("it was not asked for")
        }
    }

    private func powercapOutcome(_ refused: [RefusedZone]) -> SourceAttempt.Outcome {
        let root = roots.sysfs + "/class/powercap"
        if refused.contains(where: { $0.reason == .permissionDenied }) {
            return .unreadable("no energy counter under \(root) may be read: \(CounterAccess.remedy)")
        }
        let absence =
            "there is no RAPL counter under \(root): load the driver with 'modprobe intel_rapl_msr' (Intel and AMD; virtual machines have none)"
        // What has a domain is there.
        return refused.contains { $0.domain != nil } ? .unreadable(absence) : .absent(absence)
    }
}

extension SourceReport {
    /// Keeps what a close look found.
    mutating func take(_ discovery: Discovery) {
        switch discovery {
        case .powercap(let discovery): powercap = discovery
        case .perf(let discovery): perf = discovery
        case .hwmon(let discovery): hwmon = discovery
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
        guard perf == nil else { return }
        let discovery = PerfDiscovery(sysfs: roots.sysfs, vendor: roots.vendor)
        perf = discovery
        var source = PerfSource()
        var count = 0
        for group in discovery.groups {
            do throws(PerfError) {
                try source.open(
                    group.zones, at: Array(count..<(count + group.zones.count)), procfs: roots.procfs, calls: perfCalls)
                count += group.zones.count
            } catch {
                perfError = error
            }
        }
    }
}

extension RefusedZone.Reason {
    /// It may be otherwise a moment later: rights that are not set yet, a device that is not ready.
    public var mayPass: Bool {
        switch self {
        case .permissionDenied, .failed, .badAttribute: true
        case .duplicate, .unknownName, .tooMany, .replaced: false
        }
    }
}
