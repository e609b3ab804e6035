import Metrics
import Sampling
import Sandbox

/// The mapping from energy to series: which series there are, declared once, and where each value comes from.
struct SeriesCatalog: ~Copyable {
    private(set) var registry: Registry
    private let energy: EnergySeries
    private let power: PowerSeries
    private let truth: TruthSeries
    private let zones: ZoneSeries
    private let server: ServerSeries
    private let web: WebSeries
    private let sandbox: SandboxSeries
    private let process: ProcessSeries

    init(_ facts: SeriesFacts) {
        var registry = Registry(startUnixMilliseconds: facts.startUnixMilliseconds)
        energy = EnergySeries(declaredIn: &registry, facts)
        power = PowerSeries(declaredIn: &registry, facts)
        truth = TruthSeries(declaredIn: &registry, facts)
        zones = ZoneSeries(declaredIn: &registry, facts)
        server = ServerSeries(declaredIn: &registry)
        web = WebSeries(declaredIn: &registry)
        sandbox = SandboxSeries(declaredIn: &registry)
        process = ProcessSeries(declaredIn: &registry)
        self.registry = registry
    }

    /// Sets every value anew.
    mutating func publish(
        _ sampler: borrowing Sampling, _ distribution: borrowing PowerDistribution, _ facts: borrowing ServerFacts,
        _ probe: inout ProcessProbe
    ) {
        energy.publish(sampler, into: &registry)
        power.publish(sampler, distribution, into: &registry)
        zones.publish(sampler, into: &registry)
        truth.publish(sampler, facts, into: &registry)
        server.publish(facts, into: &registry)
        web.publish(facts.web, into: &registry)
        process.publish(&probe, into: &registry)
    }

    /// Sets what was given up, which is known once and stays.
    mutating func publish(_ report: SandboxReport) {
        sandbox.publish(report, into: &registry)
    }
}
