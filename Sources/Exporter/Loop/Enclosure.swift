import Attribution
import Kernel
import Log
import Logging
import Sandbox
import Sources

/// Gives up what is needed no more.
enum Enclosure {
    /// Enters the sandbox, unless the configuration says not to, and says what became of it. Everything must be open by now.
    ///
    /// - Parameters:
    ///   - readAgain: the files of the web configuration; none without one.
    ///   - holdsSecrets: the key of a certificate is in memory.
    ///   - zeroCopyBuffer: the descriptor of the buffer that is sent without a copy, if there is one.
    ///   - cgroups: the directory of the cgroups, if those are followed.
    ///   - opensPerfEvents: energy events may be opened later.
    static func enter(
        _ configuration: Configuration, readAgain: [String], holdsSecrets: Bool, zeroCopyBuffer: Int32?,
        cgroups: String?,
        opensPerfEvents: Bool, _ log: Logger
    ) -> SandboxReport {
        var plan = SandboxPlan(configuration)
        plan.opensPerfEvents = opensPerfEvents
        plan.holdsSecrets = holdsSecrets
        plan.zeroCopyBuffer = zeroCopyBuffer
        for path in readAgain { plan.keepReadable(file: path) }
        plan.watchesFiles = !readAgain.isEmpty || cgroups != nil
        // Cgroups that come later are listed, watched and read.
        if let cgroups {
            plan.readablePaths += [cgroups, configuration.attribution?.settings.podNames].compactMap(\.self)
        }
        // Users can be added by a reload, and passwords are compared in a thread.
        plan.allowsThreads = !readAgain.isEmpty
        let report =
            configuration.entersSandbox
            ? Sandbox.enterSandbox(plan) : SandboxReport(allOff: "--no-sandbox")
        SandboxReporter.tell(report, log)
        return report
    }
}

extension SandboxPlan {
    /// What serving with this configuration takes.
    init(_ configuration: Configuration) {
        self.init()
        readablePaths = Sources.searchedPaths(
            sysfs: configuration.sysfs, procfs: configuration.procfs, feeds: configuration.feeds)
        writesFiles = configuration.stateFile != nil
        reachesAbstractSockets = Process.environment("NOTIFY_SOCKET")?.hasPrefix("@") ?? false
        isFatal = Build.hasFatalSandbox
    }
}
