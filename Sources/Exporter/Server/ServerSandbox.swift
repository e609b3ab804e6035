import Kernel
import Logging
import Sandbox
import Sources

/// Giving up what is needed no more.
extension Server {
    /// Enters the sandbox, unless the configuration says not to, and says what became of it. Everything must be open by now.
    mutating func enterSandbox(_ configuration: Configuration) {
        var plan = SandboxPlan(configuration, logLevel: log.logLevel)
        if let file = webFile.take() {
            for path in file.paths { plan.keepReadable(file: path) }
            // Users can be added by a reload.
            plan.allowsThreads = true
            // A refused call in the middle of starting a thread would end the process, where it is to be counted.
            plan.countsRefusals = false
            webFile = consume file
        }
        let report =
            configuration.entersSandbox
            ? Sandbox.enterSandbox(plan) : SandboxReport(allOff: "--no-sandbox")
        if configuration.entersSandbox && plan.countsRefusals { refusedCalls = RefusedCalls() }
        sandbox = report
        catalog.publish(report)
        var fields: [String: String] = [:]
        for layer in SandboxLayer.allCases { fields[layer.rawValue] = report[layer].isOn ? "on" : "off" }
        log.report(.sandboxed, report.isComplete ? .info : .warning, "sandbox: \(report.summary)", fields)
    }

    /// Says which system calls were refused since the last time.
    mutating func reportRefusedCalls() {
        guard let calls = refusedCalls?.takeNew() else { return }
        for call in calls {
            log.report(
                .callRefused, .debug, "the sandbox refused the system call \(call.name), \(call.count) times",
                ["call": call.name, "count": String(call.count)])
        }
    }
}

extension SandboxPlan {
    /// What serving with this configuration takes.
    init(_ configuration: Configuration, logLevel: Logger.Level) {
        self.init()
        readablePaths = Sources.searchedPaths(sysfs: configuration.sysfs)
        for case .unix(let path, _) in configuration.listenAddresses {
            removalDirectories.append(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) + "/")
        }
        reachesAbstractSockets = Process.environment("NOTIFY_SOCKET")?.hasPrefix("@") ?? false
        countsRefusals = logLevel <= .debug
        #if SANDBOX_FATAL
            isFatal = true
        #endif
    }
}
