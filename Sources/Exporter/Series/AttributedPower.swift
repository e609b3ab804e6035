/// The mean power of each row of attributed energy between two moments that were shown, in fixed memory.
struct AttributedPower {
    /// After so long a mean says nothing of now.
    private static let longestNanoseconds: UInt64 = 60_000_000_000

    private let kinds: Int
    /// By place and kind; that of what is idle after all others.
    private var means: [MeanPower]
    /// The pass that was shown last.
    private var passNanoseconds: UInt64?
    /// From the pass that was shown before to this one; 0 while it is the same; nil where nothing can be said.
    private var elapsedNanoseconds: UInt64?

    /// Nothing was shown yet.
    init(places: Int, kinds: Int) {
        self.kinds = kinds
        means = Array(repeating: .unknown, count: (places + 1) * kinds)
    }

    /// Values are shown as a pass left them.
    mutating func begin(at now: UInt64?) {
        let elapsed = passNanoseconds.flatMap { last in now.map { $0 - min(last, $0) } }
        elapsedNanoseconds = elapsed.flatMap { $0 <= AttributedPower.longestNanoseconds ? $0 : nil }
        passNanoseconds = now
    }

    /// Takes in what a row shows now, and what it showed before; without an index, that of what is idle.
    mutating func take(_ total: UInt64, after former: UInt64?, _ index: Int?, _ kind: Int) {
        guard elapsedNanoseconds != 0 else { return }
        means[place(index, kind)] = mean(total, after: former)
    }

    private func mean(_ total: UInt64, after former: UInt64?) -> MeanPower {
        guard let elapsedNanoseconds, let former else { return .unknown }
        return MeanPower(from: former, to: total, nanoseconds: elapsedNanoseconds)
    }

    /// Nil if it is not known.
    func milliwatts(_ index: Int?, _ kind: Int) -> UInt64? { means[place(index, kind)].milliwatts }

    private func place(_ index: Int?, _ kind: Int) -> Int {
        (index.map { $0 * kinds } ?? means.count - kinds) + kind
    }
}
