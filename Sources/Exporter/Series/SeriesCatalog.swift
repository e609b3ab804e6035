import Accounts
import Counters
import Metrics
import Sampling
import Sandbox
import Serving
import Sources

/// The mapping from energy to series: which families there are, declared once, which rows they have, and where each value comes
/// from.
struct SeriesCatalog: ~Copyable {
    private(set) var registry: Registry
    private var tables: DomainTables
    private var energy: EnergySeries
    private var power: PowerSeries
    private var truth: TruthSeries
    private var zones: ZoneSeries
    private var cards: CardSeries
    private var server: ServerSeries
    private let web: WebSeries
    private let sandbox: SandboxSeries
    private let process: ProcessSeries
    /// Nil if nobody asks who used the energy.
    private var attribution: AttributionSeries?
    /// The layout that the rows are of; nil before the first.
    private var layoutGeneration: UInt64?

    /// Declares the families; there are no rows of domains before `follow`.
    ///
    /// - Parameters:
    ///   - startUnixMilliseconds: when this program started, on the wall clock.
    ///   - attribution: what is shared out among how many; nil if nothing is.
    init(
        isSimulated: Bool, hasHistograms: Bool, hasClassicBuckets: Bool, intervalNanoseconds: UInt64,
        startUnixMilliseconds: UInt64, attribution shape: AttributionShape? = nil
    ) {
        var registry = Registry(startUnixMilliseconds: startUnixMilliseconds)
        let origin = Origin(isSimulated: isSimulated)
        tables = DomainTables(in: &registry, hasHistograms: hasHistograms)
        energy = EnergySeries(declaredIn: &registry, tables, origin)
        power = PowerSeries(declaredIn: &registry, tables, origin, hasClassicBuckets: hasClassicBuckets)
        truth = TruthSeries(declaredIn: &registry, tables, origin, intervalNanoseconds: intervalNanoseconds)
        attribution = shape.map {
            AttributionSeries(declaredIn: &registry, origin, kinds: $0.kinds, places: $0.places)
        }
        zones = ZoneSeries(declaredIn: &registry)
        cards = CardSeries(declaredIn: &registry)
        server = ServerSeries(declaredIn: &registry)
        web = WebSeries(declaredIn: &registry)
        sandbox = SandboxSeries(declaredIn: &registry)
        process = ProcessSeries(declaredIn: &registry)
        self.registry = registry
    }

    /// Every family that pages can have, whatever the options are: see `Registry.familyList`.
    static func familyList() -> String {
        let catalog = SeriesCatalog(
            isSimulated: false, hasHistograms: true, hasClassicBuckets: true, intervalNanoseconds: 100_000_000,
            startUnixMilliseconds: 0, attribution: AttributionShape(kinds: [.package], places: 1))
        return catalog.registry.familyList()
    }

    /// Opens and closes rows for what came and went since the last time. It costs a comparison where nothing did.
    ///
    /// - Returns: how many rows have no room; nil if nothing came or went.
    mutating func follow(_ sampling: borrowing Sampling) -> Int? {
        guard layoutGeneration != sampling.layoutGeneration else { return nil }
        layoutGeneration = sampling.layoutGeneration
        return tables.follow(sampling, in: &registry) + energy.follow(sampling, in: &registry)
            + truth.follow(sampling, in: &registry) + zones.follow(sampling, in: &registry)
            + cards.follow(sampling, in: &registry)
    }

    /// Takes in the power of a measurement interval that just ended, at a moment of the monotonic clock; it is shown when values are set
    /// the next time.
    mutating func record(_ accounts: [DomainAccount], at now: UInt64) {
        power.record(accounts, at: now)
    }

    /// Takes in the power that others have published since this was called last.
    mutating func recordPortions(_ sampling: borrowing Sampling) {
        power.recordPortions(sampling)
    }

    /// Sets every value anew. The rows must be of the sampling's layout: see `follow`.
    mutating func publish(
        _ sampling: borrowing Sampling, _ facts: borrowing ServerFacts, _ probe: inout ProcessProbe
    ) {
        energy.publish(sampling, tables, into: &registry)
        power.publish(sampling, tables, into: &registry)
        truth.publish(sampling, tables, facts, into: &registry)
        zones.publish(sampling, into: &registry)
        server.publish(facts, into: &registry)
        web.publish(facts.serving.web, into: &registry)
        process.publish(&probe, into: &registry)
    }

    /// Sets what is known of who used the energy.
    ///
    /// - Returns: how many rows have no room.
    mutating func publish(_ sharing: borrowing Sharing, passSeconds: LatencyHistogram) -> Int {
        attribution?.publish(sharing, passSeconds: passSeconds, into: &registry) ?? 0
    }

    /// Sets what was given up, which is known once and stays.
    mutating func publish(_ report: SandboxReport) {
        sandbox.publish(report, into: &registry)
    }
}

/// What the series show, for whoever shows it otherwise.
extension SeriesCatalog {
    /// One domain.
    struct DomainReading {
        /// Its power in microwatts; nil if it is not known.
        let microwatts: UInt64?
        /// Its energy in microjoules; nil if it was never read.
        let microjoules: UInt64?
        let lastMinute: LastMinute?
    }

    /// What is shown of an account; nil if nothing is.
    func reading(_ index: Int) -> DomainReading? {
        guard index < tables.domains.rows.count, let row = tables.domains.rows[index] else { return nil }
        let total = tables.totals.rows[index].flatMap { energy.microjoules($0, in: registry) }
        return DomainReading(
            microwatts: energy.microwatts(row, in: registry), microjoules: total,
            lastMinute: power.lastMinute(index, tables, in: registry))
    }

    /// The machine's energy in microjoules, and how it is made up; nil where it is not shown.
    var machine: (microjoules: UInt64, basis: HostBasis)? { energy.machine(in: registry) }

    /// Calls the closure with each source that is shown, and whether it is up.
    func forEachSource(_ body: (SourceKind, Bool) -> Void) { truth.forEachSource(in: registry, body) }

    /// Calls the closure with the rows of attributed energy.
    func forEachConsumer(_ body: (AttributionSeries.Reading) -> Void) {
        attribution?.forEachReading(in: registry, body)
    }

    /// The account in a place is the one that is shown.
    func isShown(_ index: Int, generation: UInt32) -> Bool {
        attribution?.isShown(index, generation: generation) ?? false
    }
}

/// What is shared out, and among how many accounts.
struct AttributionShape {
    let kinds: [DomainKind]
    /// The most accounts that there can be.
    let places: Int
}
