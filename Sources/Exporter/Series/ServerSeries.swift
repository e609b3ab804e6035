import Bytes
import HTTP
import Metrics
import Serving

/// The exporter as a server.
struct ServerSeries {
    private let buildInfo: SeriesIndex
    private let responses: CaseTable<Status, SeriesIndex>
    private let connections: SeriesIndex
    private let rejections: CaseTable<Rejection, SeriesIndex>
    private let droppedLogMessages: SeriesIndex

    init(declaredIn registry: inout Registry) {
        registry.declareFamily("pyjoules_exporter_build_info", .gauge, help: "What this exporter was built from.")
        buildInfo = registry.declareSeries([
            Label("version", Build.version), Label("revision", Build.revision), Label("swift", Build.swift),
        ])
        registry.declareFamily("pyjoules_http_requests_total", .counter, help: "HTTP responses by status code.")
        responses = CaseTable { status in registry.declareSeries([Label("code", String(status.rawValue))]) }
        registry.declareFamily("pyjoules_http_connections", .gauge, help: "Open HTTP connections.")
        connections = registry.declareSeries()
        registry.declareFamily(
            "pyjoules_http_rejected_total", .counter, help: "Connections turned away or ended by the exporter.")
        rejections = CaseTable { reason in registry.declareSeries([Label("reason", reason.rawValue)]) }
        registry.declareFamily(
            "pyjoules_log_messages_dropped_total", .counter,
            help: "Log messages that the journal or stderr did not take at once.")
        droppedLogMessages = registry.declareSeries()
    }

    func publish(_ facts: borrowing ServerFacts, into registry: inout Registry) {
        registry[buildInfo] = .integer(1)
        for status in responses.keys { registry[responses[status]] = .integer(facts.counters.responses(status)) }
        registry[connections] = .integer(UInt64(facts.connections))
        for reason in rejections.keys {
            registry[rejections[reason]] = .integer(facts.counters.rejections(reason))
        }
        registry[droppedLogMessages] = .integer(facts.droppedLogMessages)
    }
}
