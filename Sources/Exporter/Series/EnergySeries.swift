import Accounts
import Counters
import Metrics
import Sampling

/// The energy itself.
struct EnergySeries {
    private let watts: FamilyIndex
    private let duration: FamilyIndex
    private let joules: FamilyIndex
    private let host: FamilyIndex
    private let missingParts: FamilyIndex
    /// The way in which domains add up to the machine, if there is one.
    private var bases: KeyedRows<HostBasis>

    init(declaredIn registry: inout Registry, _ tables: DomainTables, _ origin: Origin) {
        watts = registry.declareFamily(
            "pyjoules_simple_energy_watts", .gauge, in: tables.domains.table,
            help: origin.help("Average power over the last measurement interval"))
        duration = registry.declareFamily(
            "pyjoules_simple_measurement_duration_seconds", .gauge,
            help: "Length of the last measurement interval, as measured.")
        joules = registry.declareFamily(
            "pyjoules_energy_joules_total", .counter, in: tables.totals.table,
            help: origin.help("Energy used since counting began. Sum over one kind only"))
        bases = KeyedRows(in: &registry, rows: 1, labels: ["basis"], labelBytes: 64)
        host = registry.declareFamily(
            "pyjoules_host_energy_joules_total", .counter, in: bases.table,
            help: origin.help(
                "Energy used by the machine, nothing counted twice; absent until every part is counted"))
        missingParts = registry.declareFamily(
            "pyjoules_host_missing_parts", .gauge,
            help: "Parts of the machine's energy that are not counted now.")
    }

    /// Opens a row for the machine's own energy.
    mutating func follow(_ sampling: borrowing Sampling, in registry: inout Registry) -> Int {
        let start = sampling.accounts.compactMap(\.startUnixMicroseconds).min().map { $0 / 1000 }
        let wanted = sampling.hostBasis.map { [$0] } ?? []
        return bases.follow(wanted, in: &registry, startUnixMilliseconds: { _ in start }) { basis, labels in
            labels.append("basis", basis.rawValue)
        }
    }

    func publish(_ sampling: borrowing Sampling, _ tables: borrowing DomainTables, into registry: inout Registry) {
        for index in sampling.accounts.indices {
            if let row = tables.domains.rows[index] {
                registry[watts, row] = sampling.accounts[index].powerMicrowatts.map(Value.micro) ?? .absent
            }
            guard let row = tables.totals.rows[index], sampling.accounts[index].hasBeenRead else { continue }
            registry[joules, row] = .micro(sampling.accounts[index].totalMicrojoules)
        }
        registry[duration] = sampling.intervalNanoseconds.map(Value.nano) ?? .absent
        if let row = bases.rows.first ?? nil {
            registry[host, row] = sampling.isHostKnown ? .micro(sampling.hostMicrojoules) : .absent
        }
        registry[missingParts] = sampling.missingHostParts.map { .integer(UInt64($0)) } ?? .absent
    }
}

/// What the series show, for whoever shows it otherwise.
extension EnergySeries {
    /// The power of the domain in a row, in microwatts.
    func microwatts(_ row: Row, in registry: borrowing Registry) -> UInt64? { registry[watts, row].millionths }

    /// Its energy in microjoules.
    func microjoules(_ row: Row, in registry: borrowing Registry) -> UInt64? { registry[joules, row].millionths }

    /// The machine's energy in microjoules, and how it is made up; nil where it is not shown.
    func machine(in registry: borrowing Registry) -> (microjoules: UInt64, basis: HostBasis)? {
        guard let row = bases.rows.first ?? nil, let basis = bases.keys.first else { return nil }
        return registry[host, row].millionths.map { ($0, basis) }
    }
}

/// Whether the numbers are measured, which HELP says where they are not: everywhere else it is the same on every host.
struct Origin {
    let isSimulated: Bool

    /// A sentence of HELP, its full stop added.
    func help(_ sentence: String) -> String {
        isSimulated ? "\(sentence) (SIMULATED, not measured)." : sentence + "."
    }
}
