import CBuildInfo

/// What this program was built from.
enum Build {
    static let version = "0.1.0"
    static var revision: String { unsafe String(cString: pyjoules_revision()) }
    /// A system call that the sandbox does not know ends the process: so it is in the copy that `make e2e` runs.
    static var hasFatalSandbox: Bool { pyjoules_sandbox_is_fatal() }

    static var swift: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #else
            "6.3"
        #endif
    }
}
