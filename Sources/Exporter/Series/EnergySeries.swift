import Energy
import Metrics

/// The energy itself.
struct EnergySeries {
    private let tables: DomainTables
    private let watts: FamilyIndex
    private let duration: FamilyIndex
    private let joules: FamilyIndex
    private let host: FamilyIndex
    /// Nil if no domains add up to the machine.
    private let hostRow: Row?

    init(declaredIn registry: inout Registry, _ tables: DomainTables, _ facts: SeriesFacts) {
        let origin = facts.origin
        self.tables = tables
        watts = registry.declareFamily(
            "pyjoules_simple_energy_watts", .gauge, in: tables.domains.index,
            help: "Average power over the last measurement interval (\(origin)).")
        duration = registry.declareFamily(
            "pyjoules_simple_measurement_duration_seconds", .gauge,
            help: "Length of the last measurement interval, as measured.")
        joules = registry.declareFamily(
            "pyjoules_energy_joules_total", .counter, in: tables.totals.index,
            help: "Energy used since the exporter started, across counter wraps (\(origin)). Sum over one kind only.")
        let start = facts.startsUnixMilliseconds.compactMap(\.self).min()
        let hosts = registry.declareRows(facts.hostBasis.map { [["basis": $0.rawValue]] } ?? []) { _ in start }
        host = registry.declareFamily(
            "pyjoules_host_energy_joules_total", .counter, in: hosts.table,
            help: "Energy used by the machine since the exporter started, nothing counted twice (\(origin)).")
        hostRow = hosts.rows.first
    }

    func publish(_ sampler: borrowing Sampler, into registry: inout Registry) {
        for index in sampler.accounts.indices {
            registry[watts, tables.domains.rows[index]] =
                sampler.accounts[index].powerMicrowatts.map(Value.micro) ?? .absent
            registry[joules, tables.totals.rows[index]] =
                sampler.accounts[index].hasBeenRead ? .micro(sampler.accounts[index].totalMicrojoules) : .absent
        }
        if !sampler.accounts.isEmpty {
            registry[duration] = sampler.intervalNanoseconds.map(Value.nano) ?? .absent
        }
        if let hostRow {
            registry[host, hostRow] = sampler.isHostKnown ? .micro(sampler.hostMicrojoules) : .absent
        }
    }
}
