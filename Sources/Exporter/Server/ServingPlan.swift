import Kernel
import Logging
import Sandbox

extension SandboxPlan {
    /// What serving with this configuration takes.
    init(_ configuration: Configuration, logLevel: Logger.Level) {
        self.init()
        readablePaths = ZoneReviver.readPaths(sysfs: configuration.sysfs)
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
