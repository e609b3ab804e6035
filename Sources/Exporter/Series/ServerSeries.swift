import HTTP
import Metrics

/// The exporter as a server.
struct ServerSeries {
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
