import Accounts
import Counters
import Metrics
import Sampling

/// The energy itself.
struct EnergySeries {
    private let watts: [SeriesIndex]
    private let duration: SeriesIndex
    private let joules: [SeriesIndex]
    private let host: SeriesIndex?

    init(declaredIn registry: inout Registry, _ facts: SeriesFacts) {
        let origin = facts.origin
        registry.declareFamily(
            "pyjoules_simple_energy_watts", .gauge,
            help: "Average power over the last measurement interval (\(origin)).")
        watts = facts.domains.map { registry.declareSeries([Label("domain", $0.tag)]) }
        registry.declareFamily(
            "pyjoules_simple_measurement_duration_seconds", .gauge,
            help: "Length of the last measurement interval, as measured.")
        duration = registry.declareSeries()
        registry.declareFamily(
            "pyjoules_energy_joules_total", .counter,
            help: "Energy used since the exporter started, across counter wraps (\(origin)). Sum over one kind only.")
        joules = facts.declareTotals(in: &registry, labels: EnergySeries.labels)
        registry.declareFamily(
            "pyjoules_host_energy_joules_total", .counter,
            help: "Energy used by the machine since the exporter started, nothing counted twice (\(origin)).")
        let start = facts.startsUnixMilliseconds.compactMap(\.self).min()
        host = facts.hostBasis.map {
            registry.declareSeries([Label("basis", $0.rawValue)], startUnixMilliseconds: start)
        }
    }

    static func labels(of domain: Domain) -> [Label] {
        let package = domain.package.map { [Label("package", String($0))] } ?? []
        return [Label("domain", domain.tag), Label("kind", domain.kind.rawValue)] + package
    }

    func publish(_ sampler: borrowing Sampling, into registry: inout Registry) {
        for index in watts.indices {
            registry[watts[index]] = sampler.accounts[index].powerMicrowatts.map(Value.micro) ?? .absent
            registry[joules[index]] =
                sampler.accounts[index].hasBeenRead ? .micro(sampler.accounts[index].totalMicrojoules) : .absent
        }
        if !sampler.accounts.isEmpty {
            registry[duration] = sampler.intervalNanoseconds.map(Value.nano) ?? .absent
        }
        if let host { registry[host] = sampler.isHostKnown ? .micro(sampler.hostMicrojoules) : .absent }
    }
}
