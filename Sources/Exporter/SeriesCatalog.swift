import Energy
import HTTP
import Kernel
import Metrics

/// What the series say about this program's own constants.
struct SeriesFacts {
    var sourceName: String
    var isSourceUp: Bool
    var isSimulated: Bool
    var domains: [Domain]
    var hostBasis: HostBasis?
    var sampleIntervalNanoseconds: UInt64

    init(_ measurement: borrowing Measurement, sampleIntervalNanoseconds: UInt64) {
        sourceName = measurement.sourceName
        isSourceUp = measurement.isUp
        isSimulated = measurement.isSimulated
        domains = measurement.sampler.accounts.map(\.domain)
        hostBasis = measurement.sampler.hostBasis
        self.sampleIntervalNanoseconds = sampleIntervalNanoseconds
    }

    /// What is measured, for people: `5 domains by powercap every 100 ms`.
    var summary: String {
        guard isSourceUp else { return "nothing: no energy source" }
        let milliseconds = sampleIntervalNanoseconds / 1_000_000
        return "\(domains.count) domains by \(sourceName) every \(milliseconds) ms"
    }
}

/// Everything that a page shows and that lies outside the sampler.
struct ServerFacts {
    var counters: ServerCounters
    var lateness: LatencyHistogram
    var connections: Int
    var droppedLogMessages: UInt64
}

/// The mapping from energy to series: which series there are, declared once, and where each value comes from.
struct SeriesCatalog: ~Copyable {
    private(set) var registry: Registry
    private let energy: EnergySeries
    private let truth: TruthSeries
    private let server: ServerSeries
    private let process: ProcessSeries

    init(_ facts: SeriesFacts) {
        var registry = Registry()
        energy = EnergySeries(declaredIn: &registry, facts)
        truth = TruthSeries(declaredIn: &registry, facts)
        server = ServerSeries(declaredIn: &registry)
        process = ProcessSeries(declaredIn: &registry)
        self.registry = registry
    }

    /// Sets every value anew.
    mutating func publish(_ sampler: borrowing Sampler, _ facts: borrowing ServerFacts, _ probe: inout ProcessProbe) {
        energy.publish(sampler, into: &registry)
        truth.publish(sampler, facts, into: &registry)
        server.publish(facts, into: &registry)
        process.publish(&probe, into: &registry)
    }
}

/// The energy itself.
private struct EnergySeries {
    private let watts: [SeriesIndex]
    private let duration: SeriesIndex
    private let joules: [SeriesIndex]
    private let host: SeriesIndex?

    init(declaredIn registry: inout Registry, _ facts: SeriesFacts) {
        let origin = facts.isSimulated ? "SIMULATED, not measured" : "source \(facts.sourceName)"
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
        joules = facts.domains.map { registry.declareSeries(EnergySeries.labels(of: $0)) }
        registry.declareFamily(
            "pyjoules_host_energy_joules_total", .counter,
            help: "Energy used by the machine since the exporter started, nothing counted twice (\(origin)).")
        host = facts.hostBasis.map { registry.declareSeries([Label("basis", $0.rawValue)]) }
    }

    private static func labels(of domain: Domain) -> [Label] {
        let package = domain.package.map { [Label("package", String($0))] } ?? []
        return [Label("domain", domain.tag), Label("kind", domain.kind.rawValue)] + package
    }

    func publish(_ sampler: borrowing Sampler, into registry: inout Registry) {
        for index in sampler.accounts.indices {
            registry[watts[index]] = sampler.accounts[index].powerMicrowatts.map(Value.micro) ?? .absent
            registry[joules[index]] = .micro(sampler.accounts[index].totalMicrojoules)
        }
        if !sampler.accounts.isEmpty {
            registry[duration] = sampler.intervalNanoseconds.map(Value.nano) ?? .absent
        }
        if let host { registry[host] = .micro(sampler.hostMicrojoules) }
    }
}

/// What lets a reader judge the energy's truth.
private struct TruthSeries {
    private let isSourceUp: Bool
    private let intervalNanoseconds: UInt64
    private let sourceUp: SeriesIndex
    private let samples: SeriesIndex
    private let errors: [SeriesIndex]
    private let missed: SeriesIndex
    private let wraps: [SeriesIndex]
    private let latenessBuckets: [SeriesIndex]
    private let latenessAll: SeriesIndex
    private let latenessSum: SeriesIndex
    private let latenessCount: SeriesIndex
    private let interval: SeriesIndex

    init(declaredIn registry: inout Registry, _ facts: SeriesFacts) {
        isSourceUp = facts.isSourceUp
        intervalNanoseconds = facts.sampleIntervalNanoseconds
        registry.declareFamily(
            "pyjoules_source_up", .gauge,
            help: facts.isSimulated
                ? "Whether energy counters are read: SIMULATED, not measured." : "Whether energy counters are read.")
        sourceUp = registry.declareSeries([Label("source", facts.sourceName)])
        registry.declareFamily("pyjoules_samples_total", .counter, help: "Timer ticks that read all counters.")
        samples = registry.declareSeries()
        registry.declareFamily(
            "pyjoules_sample_errors_total", .counter, help: "Counter readings that failed; the total stays as it was.")
        errors = facts.domains.flatMap { domain in
            ReadFailure.allCases.map { reason in
                registry.declareSeries([Label("domain", domain.tag), Label("reason", reason.rawValue)])
            }
        }
        registry.declareFamily(
            "pyjoules_ticks_missed_total", .counter,
            help: "Timer ticks that passed while the exporter was late; no energy is lost, but its detail in time.")
        missed = registry.declareSeries()
        registry.declareFamily(
            "pyjoules_counter_wraps_total", .counter, help: "Times a hardware counter started again from 0.")
        wraps = facts.domains.map { registry.declareSeries([Label("domain", $0.tag)]) }
        registry.declareFamily(
            "pyjoules_sample_lateness_seconds", .histogram, help: "How long after its due time a tick was served.")
        latenessBuckets = LatencyHistogram.boundLabels.indices.map {
            registry.declareSeries([Label("le", "\(LatencyHistogram.boundLabels[$0])")], suffix: "_bucket")
        }
        latenessAll = registry.declareSeries([Label("le", "+Inf")], suffix: "_bucket")
        latenessSum = registry.declareSeries(suffix: "_sum")
        latenessCount = registry.declareSeries(suffix: "_count")
        registry.declareFamily(
            "pyjoules_sample_interval_seconds", .gauge, help: "Time between two ticks, as configured.")
        interval = registry.declareSeries()
    }

    func publish(_ sampler: borrowing Sampler, _ facts: borrowing ServerFacts, into registry: inout Registry) {
        registry[sourceUp] = .integer(isSourceUp ? 1 : 0)
        registry[samples] = .integer(sampler.ticks)
        registry[missed] = .integer(facts.counters.missedTicks)
        registry[interval] = .nano(intervalNanoseconds)
        for index in sampler.accounts.indices {
            registry[wraps[index]] = .integer(sampler.accounts[index].wraps)
            for reason in ReadFailure.allCases {
                registry[errors[index * ReadFailure.allCases.count + reason.index]] =
                    .integer(sampler.accounts[index].failureCount(reason))
            }
        }
        for bucket in latenessBuckets.indices {
            registry[latenessBuckets[bucket]] = .integer(facts.lateness.cumulativeCount(upTo: bucket))
        }
        registry[latenessAll] = .integer(facts.lateness.count)
        registry[latenessSum] = .nano(facts.lateness.sumNanoseconds)
        registry[latenessCount] = .integer(facts.lateness.count)
    }
}

/// The exporter as a server.
private struct ServerSeries {
    private let buildInfo: SeriesIndex
    private let responses: [SeriesIndex]
    private let connections: SeriesIndex
    private let rejections: [SeriesIndex]
    private let droppedLogMessages: SeriesIndex

    init(declaredIn registry: inout Registry) {
        registry.declareFamily("pyjoules_exporter_build_info", .gauge, help: "What this exporter was built from.")
        buildInfo = registry.declareSeries([
            Label("version", Build.version), Label("revision", Build.revision), Label("swift", Build.swift),
        ])
        registry.declareFamily("pyjoules_http_requests_total", .counter, help: "HTTP responses by status code.")
        responses = Status.allCases.map { registry.declareSeries([Label("code", String($0.rawValue))]) }
        registry.declareFamily("pyjoules_http_connections", .gauge, help: "Open HTTP connections.")
        connections = registry.declareSeries()
        registry.declareFamily(
            "pyjoules_http_rejected_total", .counter, help: "Connections turned away or ended by the exporter.")
        rejections = Rejection.allCases.map { registry.declareSeries([Label("reason", $0.rawValue)]) }
        registry.declareFamily(
            "pyjoules_log_messages_dropped_total", .counter,
            help: "Log messages that the journal or stderr did not take at once.")
        droppedLogMessages = registry.declareSeries()
    }

    func publish(_ facts: borrowing ServerFacts, into registry: inout Registry) {
        registry[buildInfo] = .integer(1)
        for status in Status.allCases { registry[responses[status.index]] = .integer(facts.counters.responses(status)) }
        registry[connections] = .integer(UInt64(facts.connections))
        for reason in Rejection.allCases {
            registry[rejections[reason.index]] = .integer(facts.counters.rejections(reason))
        }
        registry[droppedLogMessages] = .integer(facts.droppedLogMessages)
    }
}

/// The standard series that every Prometheus client library shows of its process.
private struct ProcessSeries {
    private let cpu, openDescriptors, descriptorLimit, virtual, resident, start, threads: SeriesIndex

    init(declaredIn registry: inout Registry) {
        func declare(_ name: String, _ type: MetricType, _ help: String) -> SeriesIndex {
            registry.declareFamily(name, type, help: help)
            return registry.declareSeries()
        }
        cpu = declare("process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.")
        openDescriptors = declare("process_open_fds", .gauge, "Number of open file descriptors.")
        descriptorLimit = declare("process_max_fds", .gauge, "Maximum number of open file descriptors.")
        virtual = declare("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.")
        resident = declare("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
        start = declare("process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")
        threads = declare("process_threads", .gauge, "Number of OS threads in the process.")
    }

    func publish(_ probe: inout ProcessProbe, into registry: inout Registry) {
        let statistics = probe.read()
        registry[cpu] = statistics.map { .micro($0.cpuMicroseconds) } ?? .absent
        registry[virtual] = statistics.map { .integer($0.virtualBytes) } ?? .absent
        registry[resident] = statistics.map { .integer($0.residentBytes) } ?? .absent
        registry[threads] = statistics.map { .integer($0.threads) } ?? .absent
        registry[start] = statistics.flatMap { probe.startUnixMicroseconds($0) }.map(Value.micro) ?? .absent
        registry[openDescriptors] = probe.openDescriptors().map(Value.integer) ?? .absent
        registry[descriptorLimit] = .integer(Process.descriptorLimit)
    }
}
