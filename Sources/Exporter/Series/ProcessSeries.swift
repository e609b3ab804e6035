import Kernel
import Metrics

/// The standard series that every Prometheus client library shows of its process.
struct ProcessSeries {
    private let cpu, openDescriptors, descriptorLimit, virtual, resident, start, threads: FamilyIndex

    init(declaredIn registry: inout Registry) {
        func declare(_ name: String, _ type: MetricType, _ help: String) -> FamilyIndex {
            registry.declareFamily(name, type, help: help)
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
        registry[descriptorLimit] = Process.descriptorLimit.map(Value.integer) ?? .absent
    }
}
