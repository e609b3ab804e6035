import Log
import Logging
import Sandbox

/// Says in the log what was given up.
enum SandboxReporter {
    static func tell(_ report: SandboxReport, _ log: Logger) {
        var fields: [String: String] = [:]
        for layer in SandboxLayer.allCases { fields[layer.rawValue] = report[layer].isOn ? "on" : "off" }
        log.report(.sandboxed, report.isComplete ? .info : .warning, "sandbox: \(report.summary)", fields)
    }
}
