import TestSupport

@testable import Attribution

/// What attribution should give, computed in the plainest way from what the files show: maps by path instead of slots, and exact
/// fractions instead of running quotas.
///
/// It is told which paths have accounts, which depends on the order in which directories are listed, and checks all else: how much each
/// account weighs, that it is given its quota and less than a microjoule off, and that nothing is lost.
struct Reference {
    /// Of a cgroup that has an account.
    private struct Known: Equatable {
        var identifier: UInt64
        var time: UInt64
    }

    private var known: [String: Known] = [:]
    /// What was taken too much from rests, by path; the root's is empty.
    private var debts: [String: UInt64] = [:]
    /// The numbers of all directories at the pass before.
    private var seen: Set<UInt64> = []
    private var busy: UInt64?
    /// How many directories went since the pass before, with an account or without, by the one in which they lay.
    private(set) var removals: [String: Int] = [:]
    /// What each account weighs in a pass.
    private(set) var weights: [String: UInt64] = [:]

    static func isNode(_ path: String) -> Bool { path.isEmpty || path.hasSuffix(".slice") }

    /// Takes in what the files show, and which accounts follow a cgroup now.
    mutating func weigh(_ cgroups: FakeCgroups, live: Set<String>, isRestart: Bool) {
        weights = [:]
        if isRestart { debts = [:] }
        // Another slice of the same name owes nothing.
        for path in debts.keys where !path.isEmpty && cgroups.identifiers[path] != known[path]?.identifier {
            debts[path] = nil
        }
        var rises: [String: UInt64] = [:]
        let deaths = isRestart ? [:] : deaths(cgroups, live)
        removals = cgroups.takeRemovals()
        for path in live where !path.isEmpty {
            guard let identifier = cgroups.identifiers[path], let time = cgroups.shown[path] else { continue }
            let before: UInt64
            if let last = known[path], last.identifier == identifier {
                before = last.time
            } else {
                before = seen.contains(identifier) ? time : 0
            }
            rises[path] = time - min(time, before)
        }
        let children = rises.reduce(into: [String: UInt64]()) { $0[FakeCgroups.parent($1.key), default: 0] += $1.value }
        rises[""] = busy.map { cgroups.busyMicroseconds - min($0, cgroups.busyMicroseconds) } ?? children[""] ?? 0
        for path in live {
            let rise = rises[path] ?? 0
            guard Reference.isNode(path) else {
                weights[path, default: 0] += rise
                continue
            }
            let owed = (children[path] ?? 0) + (debts[path] ?? 0)
            debts[path] = min(owed - min(rise, owed), FakeCgroups.processors * 1_000_000)
            let isWaiting = cgroups.paths.contains { FakeCgroups.parent($0) == path && !live.contains($0) }
            let gone = deaths[path] ?? []
            let isAlone = gone.count == 1 && removals[path] ?? 0 <= 1 && !isWaiting
            let heir = isAlone && !path.isEmpty ? gone[0] : path
            weights[heir, default: 0] += rise - min(rise, owed)
        }
        known = [:]
        for path in live where !path.isEmpty {
            guard let identifier = cgroups.identifiers[path], let time = cgroups.shown[path] else { continue }
            known[path] = Known(identifier: identifier, time: time)
        }
        seen = Set(cgroups.identifiers.values)
        busy = cgroups.busyMicroseconds
    }

    /// What has ended since the pass before, by the slice in which it was. What ended with its slice leaves nothing to a new one of that
    /// name, and a program that was started meanwhile knows of no end.
    private func deaths(_ cgroups: FakeCgroups, _ live: Set<String>) -> [String: [String]] {
        let ended = Set(known.keys.filter { !live.contains($0) || cgroups.identifiers[$0] != known[$0]?.identifier })
        return ended.reduce(into: [:]) { deaths, path in
            let parent = FakeCgroups.parent(path)
            if !ended.contains(parent) { deaths[parent, default: []].append(path) }
        }
    }
}
