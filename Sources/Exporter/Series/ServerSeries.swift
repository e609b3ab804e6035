import HTTP
import Metrics
import Serving

/// The exporter as a server.
struct ServerSeries {
    private let buildInfo: FamilyIndex
    private let responses: FamilyIndex
    private let connections: FamilyIndex
    private let rejections: FamilyIndex
    private let droppedLogMessages: FamilyIndex
    private let buildRows: [Row]
    private var statuses: CountedRows<Status>
    private var reasons: CountedRows<Rejection>

    init(declaredIn registry: inout Registry) {
        let builds = registry.declareRows([
            ["version": Build.version, "revision": Build.revision, "swift": Build.swift]
        ])
        buildRows = builds.rows
        let (statuses, reasons) = (Status.allCases, Rejection.allCases)
        self.statuses = CountedRows(statuses, in: &registry, rows: statuses.count, labels: ["code"], labelBytes: 32)
        self.reasons = CountedRows(
            reasons, in: &registry, rows: reasons.count, labels: ["reason"], labelBytes: 64)
        buildInfo = registry.declareFamily(
            "pyjoules_exporter_build_info", .gauge, in: builds.table, help: "What this exporter was built from.")
        responses = registry.declareFamily(
            "pyjoules_http_requests_total", .counter, in: self.statuses.table, help: "HTTP responses by status code.")
        connections = registry.declareFamily("pyjoules_http_connections", .gauge, help: "Open HTTP connections.")
        rejections = registry.declareFamily(
            "pyjoules_http_rejected_total", .counter, in: self.reasons.table,
            help: "Connections turned away or ended by the exporter.")
        droppedLogMessages = registry.declareFamily(
            "pyjoules_log_messages_dropped_total", .counter,
            help: "Log messages that could not be written at once.")
    }

    mutating func publish(_ facts: borrowing ServerFacts, into registry: inout Registry) {
        for row in buildRows { registry[buildInfo, row] = .integer(1) }
        let counters = facts.serving.counters
        for (index, status) in Status.allCases.enumerated() {
            statuses.set(counters.responses(status), at: index, as: responses, in: &registry) { status, labels in
                labels.append("code", String(status.rawValue))
            }
        }
        registry[connections] = .integer(UInt64(facts.serving.connections))
        for (index, reason) in Rejection.allCases.enumerated() {
            reasons.set(counters.rejections(reason), at: index, as: rejections, in: &registry) { reason, labels in
                labels.append("reason", reason.rawValue)
            }
        }
        registry[droppedLogMessages] = .integer(facts.droppedLogMessages)
    }
}
