import Counters

/// Opening the counters of one group, which can only be opened together.
extension Sources {
    /// Opens those counters of a group that are new or were missing.
    ///
    /// - Returns: those that could not be.
    mutating func connect(
        _ discovery: Discovery, _ found: [FoundCounter], _ members: [Int], _ missing: [Int],
        _ result: inout SearchResult
    ) -> [RefusedZone] {
        var refused: [RefusedZone] = []
        var wanted = admit(found, members, missing, &refused)
        // One that the kernel refuses for a reason of its own does not take the others of its group away.
        while !wanted.isEmpty {
            do throws(NotOpened) {
                try open(discovery, wanted, at: positions(for: wanted.map { found[$0].facts }))
                break
            } catch {
                report.perfError = report.perfError ?? error.perfError
                let culprit = wanted.firstIndex { found[$0].facts.name == error.zone }
                refused += (culprit.map { [wanted[$0]] } ?? wanted).map { found[$0].refused(error.reason) }
                if let culprit { wanted.remove(at: culprit) } else { wanted = [] }
            }
        }
        for member in wanted { enter(found[member], &result) }
        return refused
    }

    /// Those of a group that are to be opened.
    private func admit(
        _ found: [FoundCounter], _ members: [Int], _ missing: [Int], _ refused: inout [RefusedZone]
    ) -> [Int] {
        var wanted: [Int] = []
        var next = members.first.map { count(of: found[$0].facts.source) } ?? 0
        for member in members {
            if let known = number(of: found[member].facts) {
                // A sensor may be published as well: no joule is counted twice.
                guard isReader(found[member].facts.source, of: known) else {
                    refused.append(found[member].refused(.replaced(by: counters[known].source)))
                    continue
                }
                guard missing.contains(known) else { continue }
            } else if let reason = obstacle(to: found[member].facts, number: next) {
                refused.append(found[member].refused(reason))
                continue
            } else {
                next += 1
            }
            wanted.append(member)
        }
        return wanted
    }

    /// A counter is read from a source, or may be from now on: a sensor that is too slow for us, from a feed.
    private func isReader(_ kind: SourceKind, of index: Int) -> Bool {
        counters[index].source == kind
            || kind == .feeds && counters[index].source == .hwmon && zones[index].role == .slow
    }

    private func number(of facts: CounterFacts) -> Int? { counters.firstIndex { $0.identity == facts.identity } }

    /// The places of counters among their kind: that of one that is known already, or as one more.
    private func positions(for wanted: [CounterFacts]) -> [Int] {
        var next = wanted.first.map { count(of: $0.source) } ?? 0
        return wanted.map { facts in
            if let known = number(of: facts), places[known].kind == facts.source { return places[known].index }
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
        return number < Sources.capacity(of: facts.source) && counters.count < Sources.mostCounters ? nil : .tooMany
    }

    private static func capacity(of kind: SourceKind) -> Int {
        switch kind {
        case .hwmon: HwmonSource.capacity
        case .feeds: FeedSource.capacity
        case .powercap, .perf, .simulated: PowercapSource.capacity
        }
    }

    /// Takes in a counter that was opened: it goes on under its number if it has one, and under its domain's name.
    private mutating func enter(_ found: FoundCounter, _ result: inout SearchResult) {
        guard let index = number(of: found.facts) else {
            result.added.append(counters.count)
            return append(found.facts, limits: found.limits, found.limitFiles)
        }
        var facts = found.facts
        facts.domain = counters[index].domain
        if places[index].kind != facts.source { move(index, to: facts.source) }
        result.reopened.append(index)
        if counters[index].name != facts.name { result.renamed.append(index) }
        counters[index] = facts
        limitFiles[index] = found.limitFiles
        limitFiles[index]?.latestMicrowatts = facts.boundMicrowatts
        zones[index] = ZoneReport(facts, limits: found.limits)
    }

    /// From now on a counter is read from another source, as one more of that. Its former place stays taken.
    private mutating func move(_ index: Int, to kind: SourceKind) {
        let place = Place(kind: kind, index: count(of: kind))
        if places[index].kind == .hwmon { leftSensors += 1 }
        places[index] = place
        openKinds.insert(kind)
    }
}

extension FoundCounter {
    fileprivate func refused(_ reason: RefusedZone.Reason) -> RefusedZone {
        RefusedZone(name: facts.name, domain: facts.domain, reason: reason)
    }
}
