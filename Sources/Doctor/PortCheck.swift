import Kernel

/// Whether the exporter could listen on its addresses, and who does so already.
struct PortCheck {
    /// What is found out of an address.
    struct Result: Equatable {
        let finding: Finding
        /// An exporter has it, and can be asked.
        let isServed: Bool

        init(_ finding: Finding, isServed: Bool = false) {
            self.finding = finding
            self.isServed = isServed
        }
    }

    let holders: PortHolders
    /// Nil if it is not installed.
    let unit: SocketUnit?
    /// Whether an exporter answers, for when nobody may see who listens.
    var isExporter: (SocketAddress) -> Bool = { HealthAnswer.asking("/", at: $0)?.isOurs ?? false }

    func look(at address: SocketAddress) -> Result {
        switch address {
        case .unix(let path, _): file(path, address)
        case .any, .ipv4, .ipv6, .vsock: port(address)
        }
    }

    /// The socket unit, if it says that it listens there.
    private func unit(of address: SocketAddress) -> SocketUnit? {
        unit.flatMap { $0.addresses.contains(address) ? $0 : nil }
    }

    /// A port is tried, which tells more than tables do.
    private func port(_ address: SocketAddress) -> Result {
        do throws(SystemError) {
            _ = try Listener(on: address)
            return Result(unit(of: address)?.absence(address) ?? Finding(.ok, .port, "\(address) is free."))
        } catch {
            switch (error.code, address) {
            case (.addressInUse, .any(let port)), (.addressInUse, .ipv4(_, let port)),
                (.addressInUse, .ipv6(_, let port)):
                return taken(address, port)
            case (.addressInUse, _): return taken(address, by: [], "sudo ss -lp --vsock")
            case (.permissionDenied, _):
                return Result(
                    Finding(
                        .problem, .port,
                        "\(address) may not be listened on by this user: ports below 1024 are root's.",
                        remedy:
                            "let systemd open it (ListenStream= in \(Unit.socketName)), or choose a port from 1024 on"
                    ))
            default: return Result(Finding(.problem, .port, "\(address) cannot be listened on: \(error)."))
            }
        }
    }

    private func taken(_ address: SocketAddress, _ port: UInt16) -> Result {
        let found = holders.listening(on: port)
        if let exporter = found.first(where: \.isExporter) {
            return Result(
                Finding(.ok, .port, "\(exporter.description) listens on \(address) already."), isServed: true)
        }
        if found.contains(where: \.isSystemd) {
            return unit != nil
                ? waiting(address)
                : Result(
                    Finding(
                        .problem, .port, "systemd listens on \(address) for a unit that is not the exporter's.",
                        remedy: "systemctl list-sockets names it; \(PortCheck.moving)"))
        }
        return taken(
            address, by: found, "sudo ss -ltnp 'sport = :\(port)'", isDefault: port == Examination.usualPort)
    }

    /// `listing` is the command that shows whose it is.
    private func taken(
        _ address: SocketAddress, by found: [PortHolder], _ listing: String, isDefault: Bool = false
    ) -> Result {
        let others = isDefault ? "; Pushgateway, Alumet and Transmission have this port by default, too" : ""
        if let holder = found.first {
            let stopping = holder.unit.map { "sudo systemctl disable --now \($0), or " } ?? ""
            return Result(
                Finding(
                    .problem, .port,
                    "\(address) is taken by \(found.map(\.description).joined(separator: " and "))\(others).",
                    remedy: stopping + PortCheck.moving))
        }
        // Nobody is woken by being asked.
        if unit(of: address)?.wakesService == true { return waiting(address) }
        if isExporter(address) { return answered(address, "\(address)") }
        return Result(
            Finding(
                .problem, .port, "\(address) is taken by a program that this user may not see\(others).",
                remedy: "\(listing) names it; \(PortCheck.moving)"))
    }

    private static let moving =
        "take another port (--web.listen-address :9191 or EXPORTER_PORT=9191; under systemd 'systemctl edit \(Unit.socketName)', "
        + "then 'systemctl restart \(Unit.socketName)')"

    private func waiting(_ address: SocketAddress) -> Result {
        Result(Finding(.ok, .port, "systemd listens on \(address), which starts the exporter when somebody asks."))
    }

    private func answered(_ address: SocketAddress, _ name: String) -> Result {
        Result(Finding(.ok, .port, "An exporter answers on \(name) already."), isServed: true)
    }

    /// A socket in the file system, which trying would replace.
    private func file(_ path: String, _ address: SocketAddress) -> Result {
        if unit(of: address)?.wakesService == true { return waiting(address) }
        do throws(SystemError) {
            _ = try FileDescriptor.connecting(to: address)
        } catch {
            return Result(unserved(path, address, error))
        }
        guard !isExporter(address) else { return answered(address, path) }
        return Result(
            Finding(
                .problem, .port, "Somebody else serves \(path).", remedy: "sudo ss -lxp names it; choose another path"))
    }

    private func unserved(_ path: String, _ address: SocketAddress, _ error: SystemError) -> Finding {
        switch error.code {
        case .notFound:
            let directory = Files.directory(of: path)
            guard Files.realPath(directory) == nil else {
                return unit(of: address)?.absence(address) ?? Finding(.ok, .port, "\(path) is free.")
            }
            return Finding(
                .problem, .port, "The directory of \(path) is missing.",
                remedy: "mkdir -p \(directory)/, or RuntimeDirectory= under systemd")
        case .connectionRefused where isSocket(path):
            return unit(of: address)?.absence(address)
                ?? Finding(.ok, .port, "\(path) is a socket that nobody serves any more; it will be replaced.")
        case .connectionRefused:
            return Finding(.problem, .port, "\(path) is not a socket.", remedy: "remove it, or choose another path")
        default: return Finding(.note, .port, "Nobody knows whether \(path) is free: \(error).")
        }
    }

    private func isSocket(_ path: String) -> Bool {
        do throws(SystemError) {
            return try FileStatus(at: path).isSocket
        } catch {
            return false
        }
    }
}
