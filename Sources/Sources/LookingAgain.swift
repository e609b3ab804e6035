public import Counters
import Kernel

/// What looking again brought.
public struct SearchResult: Sendable, Equatable {
    /// Counters that were opened anew: their facts may be others now.
    public var reopened: [Int] = []
    /// Those among them that the kernel calls by another name now.
    public var renamed: [Int] = []
    /// Counters that were never there before.
    public var added: [Int] = []
    /// What the kernel shows, or what became of it, is no longer the same.
    public var hasChanged = false

    var openedCount: Int { reopened.count + added.count }
}

/// Looking again for what went, for what was not there, and for what could not be opened.
extension Sources {
    /// What came and went should be asked for so often.
    public static let lookingNanoseconds = Search.listingNanoseconds

    /// What is read to find counters again: all that may appear later must be allowed beforehand. The classes' links lead into
    /// `devices`, whose directories go and come with their drivers; only those at the top stay.
    ///
    /// The directory of feeds may come after us: then what it lies in must be readable, unless that is a directory that all programs
    /// share.
    public static func searchedPaths(sysfs: String, procfs: String, feeds: String) -> [String] {
        let parent = Files.directory(of: feeds)
        let isShared = parent.split(separator: "/").count < 2
        return [
            sysfs + "/class", sysfs + "/bus", sysfs + "/devices", procfs + "/sys/kernel/perf_event_paranoid", feeds,
        ]
            + (isShared ? [] : [parent])
    }

    /// The kinds that should be looked at closely now; to be asked at each pass.
    ///
    /// - Parameter lost: the kinds of which a counter went.
    public mutating func searchesDue(at moment: Moment, lost: SourceKinds) -> SourceKinds {
        let now = moment.monotonicNanoseconds
        let lists = now >= nextListingNanoseconds
        if lists { nextListingNanoseconds = now + Search.listingNanoseconds }
        var due = SourceKinds()
        for index in searches.indices {
            let kind = searches[index].kind
            if kind == .feeds, feeds.takeChange() { due.insert(kind) }
            let isDue =
                isReplaced(index)
                ? lists && isPreferred(index) && searches[index].hasChanged()
                : searches[index].isDue(at: now, lists: lists, isMissing: lost.contains(kind))
            if isDue { due.insert(kind) }
        }
        return due
    }

    /// Looks closely at some kinds: counters that went are found by what they are, since their numbers may be others, and opened anew.
    /// What was never there before gets counters of its own. Opening takes the right that the first opening took; what cannot be
    /// opened stays missing.
    public mutating func find(_ missing: [Int], among kinds: SourceKinds = .all) -> SearchResult {
        var result = SearchResult()
        let before = zones
        for index in searches.indices where kinds.contains(searches[index].kind) {
            if !isReplaced(index) {
                discover(index, missing, &result)
            } else if isPreferred(index) {
                notice(index)
            }
        }
        // One that is too slow is missing as well, for the case that its device has appeared anew, and has its role already.
        let known = counters.indices.filter { !missing.contains($0) || zones[$0].role == .slow }
        let read = Set(known.map { counters[$0].name })
        let own = zones.prefix(counters.count)
        let shown = own + report.uncounted.filter { !read.contains($0.zone) && !own.contains($0) }
        result.hasChanged = !result.added.isEmpty || !result.renamed.isEmpty || !shown.elementsEqual(before)
        zones = Array(shown)
        return result
    }

    /// Says of the zones of counters of a kind that are not read any more what a close look found of them.
    mutating func settleLost(_ lost: [Int], _ kind: SourceKind, _ discovery: Discovery) {
        for index in lost where counters[index].source == kind && zones[index].role != .slow {
            let facts = counters[index]
            let refusal = report.refused(kind).first { $0.name == facts.name && $0.domain == facts.domain }
            // Sensors that are refused say nothing of what they would measure.
            let isListed =
                discovery.found.contains { $0.facts.identity == facts.identity }
                || kind == .hwmon && discovery.refused.contains { $0.name == facts.name }
            zones[index] =
                refusal?.report
                ?? (isListed
                    ? ZoneReport(facts, limits: zones[index].limits)
                    : ZoneReport(zone: facts.name, domain: facts.domain, role: .gone, reason: ZoneReport.absence(kind)))
        }
    }

    /// Corrects the units of counters whose unit shows only in what they count; to be called at each pass.
    ///
    /// - Returns: whether that of any is another one now.
    public mutating func learnUnits() -> Bool {
        guard perf.takeLearned() else { return false }
        for index in places.indices where places[index].kind == .perf {
            counters[index].unitMicrojoules =
                perf.unitMicrojoules(places[index].index) ?? counters[index].unitMicrojoules
        }
        return true
    }

    /// Counters of a kind may be opened later.
    public func mayOpen(_ kind: SourceKind) -> Bool {
        searches.indices.contains { searches[$0].kind == kind && !isReplaced($0) }
    }

    /// Another kind of the same row is read, which reads the same registers: it is kept until the program starts anew.
    private func isReplaced(_ index: Int) -> Bool { openKinds.intersects(searches[index].rivals) }

    /// It would have been read before the one that is read in its place.
    private func isPreferred(_ index: Int) -> Bool {
        for other in searches.indices where other > index && searches[index].rivals.contains(searches[other].kind) {
            if openKinds.contains(searches[other].kind) { return true }
        }
        return false
    }

    /// Shows what is there of a kind in whose place another one is read.
    private mutating func notice(_ index: Int) {
        let kind = searches[index].kind
        let known = KnownCounters(counters)
        guard let discovery = Discovery(kind, roots, known: known, hwmonMemory) else { return }
        let reader = searches.first { $0.row == searches[index].row && openKinds.contains($0.kind) }
        guard let reader else { return }
        report.take(discovery)
        report.unopened[kind] = discovery.found.map { found in
            RefusedZone(name: found.facts.name, domain: found.facts.domain, reason: .replaced(by: reader.kind))
        }
    }
}
