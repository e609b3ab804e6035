import Kernel
import Log
import Logging
import Sandbox

/// Gives up what is needed no more, and says which calls were refused from then on.
struct RefusalReporter {
    /// Nil unless calls that the sandbox refuses are counted.
    private var refusedCalls: RefusedCalls?

    /// Enters the sandbox, unless the configuration says not to, and says what became of it. Everything must be open by now.
    ///
    /// - Parameter readAgain: the files of the web configuration; none without one.
    mutating func enterSandbox(_ configuration: Configuration, readAgain: [String], _ log: Logger) -> SandboxReport {
        var plan = SandboxPlan(configuration, logLevel: log.logLevel)
        if !readAgain.isEmpty {
            for path in readAgain { plan.keepReadable(file: path) }
            // Users can be added by a reload.
            plan.allowsThreads = true
            // A refused call in the middle of starting a thread would end the process, where it is to be counted.
            plan.countsRefusals = false
        }
        let report =
            configuration.entersSandbox
            ? Sandbox.enterSandbox(plan) : SandboxReport(allOff: "--no-sandbox")
        if configuration.entersSandbox && plan.countsRefusals { refusedCalls = RefusedCalls() }
        var fields: [String: String] = [:]
        for layer in SandboxLayer.allCases { fields[layer.rawValue] = report[layer].isOn ? "on" : "off" }
        log.report(.sandboxed, report.isComplete ? .info : .warning, "sandbox: \(report.summary)", fields)
        return report
    }

    /// Says which system calls were refused since the last time.
    mutating func report(_ log: Logger) {
        guard let calls = refusedCalls?.takeNew() else { return }
        for call in calls {
            log.report(
                .callRefused, .debug, "the sandbox refused the system call \(call.name), \(call.count) times",
                ["call": call.name, "count": String(call.count)])
        }
    }
}
