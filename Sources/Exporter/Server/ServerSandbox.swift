import Kernel
import Logging
import Sandbox

/// Giving up what is needed no more.
extension Server {
    /// Enters the sandbox, unless the configuration says not to, and says what became of it. Everything must be open by now.
    mutating func enterSandbox(_ configuration: Configuration) {
        var plan = SandboxPlan(configuration)
        if let file = webFile.take() {
            for path in file.paths { plan.keepReadable(file: path) }
            // Users can be added by a reload.
            plan.allowsThreads = true
            webFile = consume file
        }
        let report =
            configuration.entersSandbox
            ? Sandbox.enterSandbox(plan) : SandboxReport(allOff: "--no-sandbox")
        sandbox = report
        catalog.publish(report)
        var fields: [String: String] = [:]
        for layer in SandboxLayer.allCases { fields[layer.rawValue] = report[layer].isOn ? "on" : "off" }
        log.report(.sandboxed, report.isComplete ? .info : .warning, "sandbox: \(report.summary)", fields)
    }
}

extension SandboxPlan {
    /// What serving with this configuration takes.
    init(_ configuration: Configuration) {
        self.init()
        readablePaths = ZoneReviver.readPaths(sysfs: configuration.sysfs)
        for case .unix(let path, _) in configuration.listenAddresses {
            removalDirectories.append(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) + "/")
        }
        reachesAbstractSockets = Process.environment("NOTIFY_SOCKET")?.hasPrefix("@") ?? false
        #if SANDBOX_FATAL
            isFatal = true
        #endif
    }
}
