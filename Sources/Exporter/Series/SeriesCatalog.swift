import Accounts
import Counters
import Metrics
import Sampling
import Sandbox
import Serving

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

/// What is shared out, and among how many accounts.
struct AttributionShape {
    let kinds: [DomainKind]
    /// The most accounts that there can be.
    let places: Int
}
