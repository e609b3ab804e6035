import CLinux

/// What this process may do beyond its user's rights, and how it gives that up. See capabilities(7).
public enum Privileges {
    /// Programs that are executed from here never have more rights than this process, set-user-ID or not.
    public static func forbidNew() throws(SystemError) {
        _ = try attempt { Int(clinux_no_new_privileges()) }.orThrow("prctl(PR_SET_NO_NEW_PRIVS)")
    }

    /// Keeps this process's memory to itself: no other process may trace it or look into its memory unless it has CAP_SYS_PTRACE, not
    /// even one of the same user, and no core file is written of it.
    public static func forbidInspection() throws(SystemError) {
        _ = try attempt { Int(clinux_forbid_inspection()) }.orThrow("prctl(PR_SET_DUMPABLE)")
    }

    /// Gives up every capability that this thread has or could hand on, but for CAP_PERFMON where it is to be kept.
    ///
    /// - Returns: whether that is kept.
    public static func dropCapabilities(keepingMonitoring: Bool) throws(SystemError) -> Bool {
        try attempt { Int(clinux_drop_capabilities(keepingMonitoring ? 1 : 0)) }.orThrow("capset") == 1
    }

    /// Empties the set of what any program executed from here could gain. It takes CAP_SETPCAP unless the set is empty already.
    public static func dropBoundingCapabilities() throws(SystemError) {
        _ = try attempt { Int(clinux_drop_bounding_capabilities()) }.orThrow("prctl(PR_CAPBSET_DROP)")
    }
}
