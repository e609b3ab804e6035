import Bytes
import Kernel

/// Whether systemd runs here and has our units.
struct SystemdCheck {
    /// Where the file system begins.
    var root = ""

    private static let socketUnit = "pyjoules-exporter.socket"
    /// See systemd.unit(5).
    private static let directories = [
        "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ]

    /// The socket unit is installed.
    var hasSocketUnit: Bool {
        SystemdCheck.directories.contains { Files.realPath("\(root)\($0)/\(SystemdCheck.socketUnit)") != nil }
    }

    /// Somebody has changed the service by drop-ins, which may give it other rights.
    var serviceIsChanged: Bool {
        SystemdCheck.directories.contains { Files.realPath("\(root)\($0)/pyjoules-exporter.service.d") != nil }
    }

    /// It is started with the machine. A link says so. See systemctl(1), "enable".
    private var isEnabled: Bool {
        Files.realPath("\(root)/etc/systemd/system/sockets.target.wants/\(SystemdCheck.socketUnit)") != nil
    }

    /// `passed` is how many sockets this process itself was started with.
    func findings(passed: Int) -> [Finding] {
        var findings: [Finding] = []
        if passed > 0 { findings.append(Finding(.ok, .systemd, "systemd passed \(counted(passed, "socket")).")) }
        // See sd_booted(3).
        guard Files.realPath(root + "/run/systemd/system") != nil else {
            findings.append(
                Finding(
                    .note, .systemd, "systemd does not run here, so nobody keeps the totals over a restart.",
                    remedy: "give the exporter --state-file /var/lib/pyjoules-exporter/ledger"))
            return findings
        }
        guard hasSocketUnit else {
            findings.append(
                Finding(
                    .note, .systemd, "systemd runs, and \(SystemdCheck.socketUnit) is not installed.",
                    remedy: "install the package, or 'sudo make install'"))
            return findings
        }
        findings.append(
            isEnabled
                ? Finding(.ok, .systemd, "\(SystemdCheck.socketUnit) is installed and starts with the machine.")
                : Finding(
                    .note, .systemd, "\(SystemdCheck.socketUnit) is installed and does not start with the machine.",
                    remedy: "sudo systemctl enable --now \(SystemdCheck.socketUnit)"))
        return findings
    }

    /// How many sockets systemd passed to this process, which still has them. See sd_listen_fds(3).
    static func passedSockets(_ environment: (String) -> String?) -> Int {
        guard environment("LISTEN_PID").flatMap({ Int($0) }) == Process.identifier else { return 0 }
        return environment("LISTEN_FDS").flatMap { Int($0) }.map { max(0, $0) } ?? 0
    }
}
