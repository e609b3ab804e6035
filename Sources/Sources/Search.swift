public import Counters
import Kernel

/// When counters that are missing are looked for: nothing announces them (inotify says nothing in sysfs, and the kernel's events do
/// not reach a private network namespace), so somebody looks from time to time, ever more rarely.
struct Search {
    private static let firstDelayNanoseconds: UInt64 = 1_000_000_000
    private static let longestDelayNanoseconds: UInt64 = 60_000_000_000

    private var delayNanoseconds = firstDelayNanoseconds
    private var nextNanoseconds: UInt64?

    /// Whether it is time to look. Where nothing is missing it is not, and the next loss is looked for soon again.
    mutating func isDue(at now: UInt64, isMissing: Bool) -> Bool {
        guard isMissing else {
            delayNanoseconds = Search.firstDelayNanoseconds
            nextNanoseconds = nil
            return false
        }
        let due = nextNanoseconds ?? now + delayNanoseconds
        nextNanoseconds = due
        guard now >= due else { return false }
        delayNanoseconds = min(delayNanoseconds * 2, Search.longestDelayNanoseconds)
        nextNanoseconds = now + delayNanoseconds
        return true
    }
}

/// What looking for missing counters brought.
public struct SearchResult: Sendable, Equatable {
    /// Counters that were opened anew: their facts may be others now.
    public var reopened: [Int] = []
    /// Those among them that the kernel calls by another name now.
    public var renamed: [Int] = []
    /// Counters that were never there before.
    public var added: [Int] = []
    /// The name of a missing zone that is there again and may not be read any more.
    public var forbidden: String?
}

/// Looking again for what went, and for what was not there.
extension Sources {
    /// What is read to find counters again. The links of `class/powercap` lead to `devices/virtual/powercap`, which goes with the
    /// last zone and comes back as another directory: only the one above it stays.
    public static func searchedPaths(sysfs: String) -> [String] {
        [sysfs + "/class/powercap", sysfs + "/devices/virtual"]
    }

    /// A counter of this kind can be found again when it went from the kernel.
    public static func findsAgain(_ kind: SourceKind) -> Bool { kind == .powercap }

    /// Whether counters that are missing should be looked for now; to be asked at each pass.
    public mutating func isSearchDue(at moment: Moment, isMissing: Bool) -> Bool {
        search.isDue(at: moment.monotonicNanoseconds, isMissing: isMissing)
    }

    /// Looks for counters that went from the kernel: they are found by what they are, since their numbers may be others, and opened
    /// anew. Zones that were never there before get counters of their own. Opening takes the right that the first opening took;
    /// what cannot be opened stays missing.
    public mutating func find(_ missing: [Int]) -> SearchResult {
        var result = SearchResult()
        let discovery = PowercapDiscovery(sysfs: roots.sysfs, vendor: roots.vendor)
        for zone in discovery.zones {
            if let index = counters.firstIndex(where: { $0.identity == zone.identity }) {
                if missing.contains(index) { reopen(index, zone, &result) }
            } else {
                add(zone, &result)
            }
        }
        result.forbidden =
            discovery.refused.first { zone in
                zone.reason == .permissionDenied && missing.contains { counters[$0].domain == zone.domain }
            }?.name
        return result
    }

    private mutating func reopen(_ index: Int, _ zone: PowercapZone, _ result: inout SearchResult) {
        do throws(SystemError) {
            try powercap?.reopen(places[index].index, zone)
        } catch {
            return
        }
        result.reopened.append(index)
        if counters[index].name != zone.name { result.renamed.append(index) }
        counters[index] = zone.facts
        zones[index] = ZoneReport(zone.facts, limits: zone.limits)
    }

    private mutating func add(_ zone: PowercapZone, _ result: inout SearchResult) {
        // The names of domains must be told apart, whatever their source.
        guard !counters.contains(where: { $0.domain.tag == zone.domain.tag }) else { return }
        do throws(SystemError) {
            guard try powercap?.append(zone) ?? false else { return }
        } catch {
            return
        }
        zones.removeAll { $0.zone == zone.name && $0.role == .unreadable }
        result.added.append(counters.count)
        append([zone.facts], limits: [zone.limits])
    }
}
