import Kernel
import Log
import Logging
import Serving

/// How many connections are served, as far as file descriptors go.
enum ConnectionLimit {
    /// Descriptors that are opened later than this is decided: the loop's own, counters that come, files that are read again,
    /// connections that are only told that there is no room.
    static let reserve = 32 + Serving.sockets(forConnections: 0)

    /// As many connections as are wanted, or as there are descriptors for: whoever is accepted can so be served, and a counter that
    /// comes back can be opened.
    ///
    /// - Parameters:
    ///   - descriptorLimit: nil where it is not known.
    ///   - used: the descriptors that are open.
    ///   - reserve: descriptors that are opened later.
    static func affordable(_ wanted: Int, descriptorLimit: UInt64?, used: Int, reserve: Int = reserve) -> Int {
        guard let descriptorLimit else { return wanted }
        return max(1, min(wanted, Int(clamping: descriptorLimit) - used - reserve))
    }

    /// Lowers the limit of a configuration to what there are descriptors for, and says so.
    ///
    /// - Parameter cgroups: how many cgroups may be followed, each by a descriptor.
    static func lower(_ configuration: inout Configuration, cgroups: Int = 0, _ log: Logger) {
        let wanted = configuration.maximumConnections
        let reserve = reserve + cgroups
        guard let limit = Process.descriptorLimit, let used = Process.lowestFreeDescriptor else { return }
        let count = affordable(wanted, descriptorLimit: limit, used: used, reserve: reserve)
        guard count < wanted else { return }
        configuration.maximumConnections = count
        log.report(
            .settingIgnored, .warning,
            "at most \(count) connections are served at a time, and not \(wanted): \(wanted) need \(wanted + used + reserve) file "
                + "descriptors, and this process may have \(limit). Raise LimitNOFILE= (systemd) or 'ulimit -n', or set "
                + "--web.max-connections \(count)")
    }
}
