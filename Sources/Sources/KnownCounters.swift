import Counters

/// The counters that are there already while more are looked for.
struct KnownCounters {
    /// What they say of themselves, in the order of their numbers.
    private let counters: [CounterFacts]
    private let positions: [String: Int]
    private let lost: Set<Int>

    /// Those of a row, among them the ones at some positions that went.
    init(_ counters: [CounterFacts] = [], lost: [Int] = []) {
        self.counters = counters
        self.lost = Set(lost)
        var positions: [String: Int] = [:]
        for (position, facts) in counters.enumerated() { positions[facts.identity] = position }
        self.positions = positions
    }

    /// The position of a device; nil for one that was never there.
    func position(_ identity: String) -> Int? { positions[identity] }

    /// A device's counter is open and was not lost: it needs no opening, and the right to open it may be gone.
    func isRead(_ identity: String) -> Bool {
        positions[identity].map { !lost.contains($0) } ?? false
    }

    /// Those of a source that are read by a name of the kernel's: usually one at most.
    func read(_ name: String, of source: SourceKind) -> [CounterFacts] {
        counters.filter { $0.name == name && $0.source == source && isRead($0.identity) }
    }

    /// The domain that a device has had so far, which it keeps.
    func domain(_ identity: String) -> Domain? { positions[identity].map { counters[$0].domain } }

    /// A name is that of a domain, of whatever source.
    func hasTag(_ tag: String) -> Bool { counters.contains { $0.domain.tag == tag } }
}
