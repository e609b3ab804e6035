import Kernel

/// Whether the exporter could listen on its addresses, and who does so already.
struct PortCheck {
    let holders: PortHolders
    /// Where our socket unit listens if nobody has changed it; nil if it is not installed.
    let socketUnitAddress: SocketAddress?
    /// Whether an exporter answers, for when nobody may see who listens.
    var isExporter: (SocketAddress) -> Bool = PortCheck.answersAsExporter

    func finding(_ address: SocketAddress) -> Finding {
        switch address {
        case .unix(let path, _): file(path, address)
        case .any, .ipv4, .ipv6, .vsock: port(address)
        }
    }

    /// A port is tried, which tells more than tables do.
    private func port(_ address: SocketAddress) -> Finding {
        do throws(SystemError) {
            _ = try Listener(on: address)
            guard address == socketUnitAddress else { return Finding(.ok, .port, "\(address) is free.") }
            return Finding(
                .note, .port, "\(address) is free, so pyjoules-exporter.socket does not listen on it now.",
                remedy: "sudo systemctl start pyjoules-exporter.socket, unless it was moved (systemctl list-sockets)")
        } catch {
            switch (error.code, address) {
            case (.addressInUse, .any(let port)), (.addressInUse, .ipv4(_, let port)),
                (.addressInUse, .ipv6(_, let port)):
                return taken(address, port)
            case (.addressInUse, _): return taken(address, by: [], "sudo ss -lp --vsock")
            case (.permissionDenied, _):
                return Finding(
                    .problem, .port, "\(address) may not be listened on by this user: ports below 1024 are root's.",
                    remedy:
                        "let systemd open it (ListenStream= in pyjoules-exporter.socket), or choose a port from 1024 on"
                )
            default: return Finding(.problem, .port, "\(address) cannot be listened on: \(error).")
            }
        }
    }

    private func taken(_ address: SocketAddress, _ port: UInt16) -> Finding {
        let found = holders.listening(on: port)
        if let exporter = found.first(where: \.isExporter) {
            return Finding(.ok, .port, "\(exporter.description) listens on \(address) already.")
        }
        if found.contains(where: \.isSystemd) {
            return socketUnitAddress != nil
                ? Finding(.ok, .port, "systemd listens on \(address), which starts the exporter when somebody asks.")
                : Finding(
                    .problem, .port, "systemd listens on \(address) for a unit that is not the exporter's.",
                    remedy: "systemctl list-sockets names it; \(PortCheck.moving)")
        }
        return taken(
            address, by: found, "sudo ss -ltnp 'sport = :\(port)'", isDefault: port == Examination.usualPort)
    }

    /// `listing` is the command that shows whose it is.
    private func taken(
        _ address: SocketAddress, by found: [PortHolder], _ listing: String, isDefault: Bool = false
    ) -> Finding {
        let others = isDefault ? "; Pushgateway, Alumet and Transmission have this port by default, too" : ""
        if let holder = found.first {
            let stopping = holder.unit.map { "sudo systemctl disable --now \($0), or " } ?? ""
            return Finding(
                .problem, .port,
                "\(address) is taken by \(found.map(\.description).joined(separator: " and "))\(others).",
                remedy: stopping + PortCheck.moving)
        }
        if isExporter(address) { return Finding(.ok, .port, "An exporter answers on \(address) already.") }
        return Finding(
            .problem, .port, "\(address) is taken by a program that this user may not see\(others).",
            remedy: "\(listing) names it; \(PortCheck.moving)")
    }

    private static let moving =
        "take another port (--web.listen-address :9191, EXPORTER_PORT=9191, or systemctl edit pyjoules-exporter.socket)"

    /// A socket in the file system, which trying would replace.
    private func file(_ path: String, _ address: SocketAddress) -> Finding {
        do throws(SystemError) {
            _ = try FileDescriptor.connecting(to: address)
            return isExporter(address)
                ? Finding(.ok, .port, "An exporter answers on \(path) already.")
                : Finding(
                    .problem, .port, "Somebody else serves \(path).",
                    remedy: "sudo ss -lxp names it; choose another path")
        } catch {
            switch error.code {
            case .notFound:
                let directory = Files.directory(of: path)
                guard Files.realPath(directory) == nil else { return Finding(.ok, .port, "\(path) is free.") }
                return Finding(
                    .problem, .port, "The directory of \(path) is missing.",
                    remedy: "mkdir -p \(directory)/, or RuntimeDirectory= under systemd")
            case .connectionRefused where isSocket(path):
                return Finding(.ok, .port, "\(path) is a socket that nobody serves any more; it will be replaced.")
            case .connectionRefused:
                return Finding(.problem, .port, "\(path) is not a socket.", remedy: "remove it, or choose another path")
            default: return Finding(.note, .port, "Nobody knows whether \(path) is free: \(error).")
            }
        }
    }

    private func isSocket(_ path: String) -> Bool {
        do throws(SystemError) {
            return try FileStatus(at: path).isSocket
        } catch {
            return false
        }
    }

    /// Asks who is there; the landing page, the wish for a password and that for TLS all tell.
    private static func answersAsExporter(_ address: SocketAddress) -> Bool {
        do {
            var exchange = try Exchange(address, deadlineNanoseconds: Clock.monotonicNanoseconds() + 1_000_000_000)
            let answer = try exchange.answer(to: "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            let text = String(decoding: answer, as: UTF8.self)
            return text.contains("pyjoules-exporter") || text.contains("This port speaks TLS")
        } catch {
            return false
        }
    }
}
