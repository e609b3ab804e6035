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
        for index in missing { hwmonMemory.open[counters[index].identity] = nil }
        let known = KnownCounters(counters, lost: missing)
        guard let discovery = Discovery(kind, roots, known: known, hwmonMemory) else { return }
        if case .hwmon(let discovery) = discovery { hwmonMemory = discovery.memory }
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

    /// Opens those counters of a group that are new or were missing.
    ///
    /// - Returns: those that could not be.
    private mutating func connect(
        _ discovery: Discovery, _ found: [FoundCounter], _ members: [Int], _ missing: [Int],
        _ result: inout SearchResult
    ) -> [RefusedZone] {
        var refused: [RefusedZone] = []
        func refuse(_ member: Int, _ reason: RefusedZone.Reason) {
            let facts = found[member].facts
            refused.append(RefusedZone(name: facts.name, domain: facts.domain, reason: reason))
        }
        var wanted: [Int] = []
        var next = members.first.map { count(of: found[$0].facts.source) } ?? 0
        for member in members {
            let facts = found[member].facts
            if let known = number(of: facts) {
                guard missing.contains(known) else { continue }
            } else if let reason = obstacle(to: facts, number: next) {
                refuse(member, reason)
                continue
            } else {
                next += 1
            }
            wanted.append(member)
        }
        // One that the kernel refuses for a reason of its own does not take the others of its group away.
        while !wanted.isEmpty {
            do throws(NotOpened) {
                try open(discovery, wanted, at: positions(for: wanted.map { found[$0].facts }))
                break
            } catch {
                report.perfError = report.perfError ?? error.perfError
                let culprit = wanted.firstIndex { found[$0].facts.name == error.zone }
                for member in culprit.map({ [wanted[$0]] }) ?? wanted { refuse(member, error.reason) }
                if let culprit { wanted.remove(at: culprit) } else { wanted = [] }
            }
        }
        for member in wanted { enter(found[member], &result) }
        return refused
    }

    private func number(of facts: CounterFacts) -> Int? { counters.firstIndex { $0.identity == facts.identity } }

    /// The places of counters among their kind: that of one that is known already, or as one more.
    private func positions(for wanted: [CounterFacts]) -> [Int] {
        var next = wanted.first.map { count(of: $0.source) } ?? 0
        return wanted.map { facts in
            if let known = number(of: facts) { return places[known].index }
            defer { next += 1 }
            return next
        }
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
        guard let index = number(of: found.facts) else {
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
        case .simulated: return .absent("it was not asked for")
        }
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
        case .noEnergy, .duplicate, .unknownName, .tooMany, .battery, .slow, .replaced: false
        }
    }
}
