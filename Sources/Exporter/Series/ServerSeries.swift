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
    /// In the order of all statuses.
    private let statusRows: [Row]
    /// In the order of all reasons.
    private let reasonRows: [Row]

    init(declaredIn registry: inout Registry) {
        let builds = registry.declareRows([
            ["version": Build.version, "revision": Build.revision, "swift": Build.swift]
        ])
        let statuses = registry.declareRows(Status.allCases.map { ["code": String($0.rawValue)] })
        let reasons = registry.declareRows(Rejection.allCases.map { ["reason": $0.rawValue] })
        (buildRows, statusRows, reasonRows) = (builds.rows, statuses.rows, reasons.rows)
        buildInfo = registry.declareFamily(
            "pyjoules_exporter_build_info", .gauge, in: builds.table, help: "What this exporter was built from.")
        responses = registry.declareFamily(
            "pyjoules_http_requests_total", .counter, in: statuses.table, help: "HTTP responses by status code.")
        connections = registry.declareFamily("pyjoules_http_connections", .gauge, help: "Open HTTP connections.")
        rejections = registry.declareFamily(
            "pyjoules_http_rejected_total", .counter, in: reasons.table,
            help: "Connections turned away or ended by the exporter.")
        droppedLogMessages = registry.declareFamily(
            "pyjoules_log_messages_dropped_total", .counter,
            help: "Log messages that the journal or stderr did not take at once.")
    }

    func publish(_ facts: borrowing ServerFacts, into registry: inout Registry) {
        for row in buildRows { registry[buildInfo, row] = .integer(1) }
        let counters = facts.serving.counters
        for (status, row) in zip(Status.allCases, statusRows) {
            registry[responses, row] = .integer(counters.responses(status))
        }
        registry[connections] = .integer(UInt64(facts.serving.connections))
        for (reason, row) in zip(Rejection.allCases, reasonRows) {
            registry[rejections, row] = .integer(counters.rejections(reason))
        }
        registry[droppedLogMessages] = .integer(facts.droppedLogMessages)
    }
}
