import Bytes
import Kernel

/// Whether systemd runs here and has our units.
struct SystemdCheck {
    /// Where the file system begins.
    var root = ""

    /// See systemd.unit(5).
    private static let directories = [
        "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ]

    /// The socket unit is installed.
    var hasSocketUnit: Bool {
        SystemdCheck.directories.contains { Files.realPath("\(root)\($0)/\(Unit.socketName)") != nil }
    }

    /// systemd runs here. See sd_booted(3).
    private var isBooted: Bool { Files.realPath(root + "/run/systemd/system") != nil }

    /// What systemd says of our units; nil where it has none, or does not tell.
    var units: Units? { isBooted && hasSocketUnit ? Units.asked() : nil }

    /// Somebody has changed the service by drop-ins, which may give it other rights.
    var serviceIsChanged: Bool {
        SystemdCheck.directories.contains { Files.realPath("\(root)\($0)/pyjoules-exporter.service.d") != nil }
    }

    /// It is started with the machine. A link says so. See systemctl(1), "enable".
    private var isEnabled: Bool {
        Files.realPath("\(root)/etc/systemd/system/sockets.target.wants/\(Unit.socketName)") != nil
    }

    /// `passed` is how many sockets this process itself was started with.
    func findings(passed: Int) -> [Finding] {
        var findings: [Finding] = []
        if passed > 0 { findings.append(Finding(.ok, .systemd, "systemd passed \(counted(passed, "socket")).")) }
        guard isBooted else {
            findings.append(
                Finding(
                    .note, .systemd, "systemd does not run here, so nobody keeps the totals over a restart.",
                    remedy: "give the exporter --state-file /var/lib/pyjoules-exporter/ledger"))
            return findings
        }
        guard hasSocketUnit else {
            findings.append(
                Finding(
                    .note, .systemd, "systemd runs, and \(Unit.socketName) is not installed.",
                    remedy: "install the package, or 'sudo make install'"))
            return findings
        }
        findings.append(
            isEnabled
                ? Finding(.ok, .systemd, "\(Unit.socketName) is installed and starts with the machine.")
                : Finding(
                    .note, .systemd, "\(Unit.socketName) is installed and does not start with the machine.",
                    remedy: "sudo systemctl enable --now \(Unit.socketName)"))
        return findings
    }

    /// What is wrong with our units as systemd has them, where no exporter serves in spite of that.
    func findings(_ units: Units, isServed: Bool) -> [Finding] {
        var findings: [Finding] = []
        if units.socket.needsReload || units.service.needsReload {
            findings.append(
                Finding(
                    .note, .systemd, "The files of our units were changed, and systemd has not read them.",
                    remedy:
                        "sudo systemctl daemon-reload, and sudo systemctl restart \(Unit.socketName) if its address was changed"
                ))
        }
        guard !isServed, !units.service.isActive else { return findings }
        return findings + (units.service.isResting ? resting(units.socket) : [failure(units.service)])
    }

    /// Without its socket it is that which is missing, as is said of its address.
    private func resting(_ socket: Unit) -> [Finding] {
        guard socket.isActive else { return [] }
        return [
            Finding(
                .problem, .systemd,
                "\(Unit.serviceName) is stopped, so nothing is measured until the next scrape starts it.",
                remedy: "sudo systemctl start \(Unit.serviceName)")
        ]
    }

    private func failure(_ service: Unit) -> Finding {
        let words = service.statusText.isEmpty ? "" : ": \(service.statusText)"
        return Finding(
            .problem, .systemd, "\(Unit.serviceName) is \(service.state), its result is \(service.result)\(words).",
            remedy: "journalctl -x -u pyjoules-exporter, which says what mends it")
    }

    /// How many sockets systemd passed to this process, which still has them. See sd_listen_fds(3).
    static func passedSockets(_ environment: (String) -> String?) -> Int {
        guard environment("LISTEN_PID").flatMap({ Int($0) }) == Process.identifier else { return 0 }
        return environment("LISTEN_FDS").flatMap { Int($0) }.map { max(0, $0) } ?? 0
    }
}
