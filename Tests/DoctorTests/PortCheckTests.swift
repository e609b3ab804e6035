import Glibc
import TestSupport
import Testing

@testable import Doctor
@testable import Kernel

@Suite struct PortCheckTests {
    @Test func `who listens is found by the socket's inode`() throws {
        try withProcesses { processes in
            try processes.listen(port: 9091, inode: 4711)
            try processes.add(33, "prometheus-push", "0::/system.slice/prometheus-pushgateway.service", inode: 4711)
            try processes.add(44, "sshd", "0::/system.slice/ssh.service", inode: 99)
            let holders = PortHolders(procfs: processes.root)
            #expect(
                holders.listening(on: 9091) == [
                    PortHolder(identifier: 33, name: "prometheus-push", unit: "prometheus-pushgateway.service")
                ])
            #expect(holders.listening(on: 9092).isEmpty)
        }
    }

    @Test func `connections are no listeners, and IPv6 is looked at too`() throws {
        try withProcesses { processes in
            try processes.listen(port: 9091, inode: 1, state: "01")
            try processes.add(33, "curl", "0::/user.slice", inode: 1)
            #expect(PortHolders(procfs: processes.root).listening(on: 9091).isEmpty)
            try processes.listen(port: 9091, inode: 1, table: "tcp6")
            #expect(PortHolders(procfs: processes.root).listening(on: 9091).map(\.unit) == [nil])
        }
    }

    @Test(arguments: ["", "\n\n", "head\nx\n", "head\n 0: a:b c:d 0A e f g h i j\n", "head\n0: 0:2383 0:0 0A\n"])
    func `a table that makes no sense names nobody`(table: String) throws {
        try withProcesses { processes in
            try writeFile(processes.root + "/net/tcp", table)
            try processes.add(33, "a", "", inode: 1)
            #expect(PortHolders(procfs: processes.root).listening(on: 9091).isEmpty)
        }
    }

    @Test func `a free port is free`() throws {
        let port = try port(of: try Listener(on: .any(port: 0)))
        #expect(check().finding(at: .any(port: port)) == Finding(.ok, .port, ":\(port) is free."))
    }

    @Test(
        arguments: [
            (true, "restart pyjoules-exporter.socket"), (false, "start pyjoules-exporter.service,"),
            (nil, "restart pyjoules-exporter.socket"),
        ] as [(Bool?, String)])
    func `a port that the socket unit is to listen on is a problem if it is free`(isOpen: Bool?, remedy: String) throws
    {
        // The port was moved and the service restarted: nobody listened, and all was said to be well.
        let address = SocketAddress.any(port: try port(of: try Listener(on: .any(port: 0))))
        let finding = check(unit: SocketUnit(addresses: [.any(port: 1), address], isOpen: isOpen)).finding(at: address)
        #expect(finding.status == .problem)
        #expect(finding.remedy?.hasPrefix("sudo systemctl \(remedy)") == true)
        #expect(check(unit: SocketUnit(addresses: [.any(port: 1)], isOpen: isOpen)).finding(at: address).status == .ok)
    }

    @Test func `nobody is woken to be asked`() throws {
        try withTakenPort { processes, address in
            var check = check(processes, unit: SocketUnit(addresses: [address], isOpen: true, wakesService: true))
            check.isExporter = { _ in
                Issue.record("asked")
                return true
            }
            let result = check.look(at: address)
            #expect(
                result.finding.sentence
                    == "systemd listens on \(address), which starts the exporter when somebody asks.")
            #expect(!result.isServed)
        }
    }

    @Test func `another program is named with its unit`() throws {
        try withTakenPort { processes, address in
            try processes.add(33, "prometheus-push", "0::/system.slice/prometheus-pushgateway.service", inode: 7)
            let finding = check(processes).finding(at: address)
            #expect(finding.status == .problem)
            #expect(
                finding.sentence
                    == "\(address) is taken by prometheus-push (process 33, prometheus-pushgateway.service).")
            #expect(
                finding.remedy?.hasPrefix("sudo systemctl disable --now prometheus-pushgateway.service, or ") == true)
            #expect(finding.remedy?.contains("EXPORTER_PORT=9191") == true)
        }
    }

    @Test func `the exporter itself is welcome`() throws {
        try withTakenPort { processes, address in
            try processes.add(1, "systemd", "0::/init.scope", inode: 7)
            try processes.add(33, "pyjoules-export", "0::/system.slice/pyjoules-exporter.service", inode: 7)
            let finding = check(processes).finding(at: address)
            #expect(finding.status == .ok)
            #expect(finding.sentence.hasPrefix("pyjoules-export (process 33, pyjoules-exporter.service) listens"))
            #expect(check(processes).look(at: address).isServed)
        }
    }

    @Test(arguments: [(true, Finding.Status.ok), (false, .problem)])
    func `systemd listens for us if our unit is installed`(hasUnit: Bool, status: Finding.Status) throws {
        try withTakenPort { processes, address in
            try processes.add(1, "systemd", "0::/init.scope", inode: 7)
            let result = check(processes, unit: hasUnit ? SocketUnit(addresses: [address]) : nil).look(at: address)
            #expect(result.finding.status == status)
            #expect(!result.isServed)
        }
    }

    @Test(arguments: [(true, Finding.Status.ok), (false, .problem)])
    func `who may not be seen is asked`(isExporter: Bool, status: Finding.Status) throws {
        try withTakenPort { processes, address in
            let finding = check(processes, isExporter: isExporter).finding(at: address)
            #expect(finding.status == status)
            #expect(finding.remedy?.contains("sudo ss -ltnp") == (isExporter ? nil : true))
            #expect(check(processes, isExporter: isExporter).look(at: address).isServed == isExporter)
        }
    }

    @Test func `a path is free, served, left over, or no socket`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/socket"
            let address = SocketAddress.unix(path: path, mode: nil)
            #expect(check().finding(at: address) == Finding(.ok, .port, "\(path) is free."))
            do {
                let listener = try Listener(on: address)
                #expect(check().finding(at: address).status == .problem)
                #expect(check(isExporter: true).finding(at: address).status == .ok)
                _ = listener.name
            }
            let number = try checked("socket", socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
            let abandoned = FileDescriptor(inherited: number)
            try abandoned.bind(to: try SocketFile.address(of: path))
            let leftOver = check().finding(at: address)
            #expect(leftOver.status == .ok)
            #expect(leftOver.sentence.contains("nobody serves any more"))
            try checked("unlink", unlink(path))
            try writeFile(path, "")
            #expect(
                check().finding(at: address)
                    == Finding(
                        .problem, .port, "\(path) is not a socket.", remedy: "remove it, or choose another path"))
        }
    }

    @Test func `a path in a directory that is missing is a problem`() {
        let finding = check().finding(at: .unix(path: "/nowhere/at/all", mode: nil))
        #expect(finding.status == .problem)
        #expect(finding.remedy?.hasPrefix("mkdir -p /nowhere/at/") == true)
    }

    private func check(
        _ processes: FakeProcesses? = nil, unit: SocketUnit? = nil, isExporter: Bool = false
    ) -> PortCheck {
        PortCheck(
            holders: PortHolders(procfs: processes?.root ?? "/nowhere"), unit: unit, isExporter: { _ in isExporter })
    }

    /// Lends an address that is in use, by a socket with the inode 7.
    private func withTakenPort(_ body: (FakeProcesses, SocketAddress) throws -> Void) throws {
        let listener = try Listener(on: .ipv4(text: "127.0.0.1", port: 0))
        let port = try port(of: listener)
        try withProcesses { processes in
            try processes.listen(port: port, inode: 7)
            try body(processes, .ipv4(text: "127.0.0.1", port: port))
        }
        _ = listener.name
    }

    private func port(of listener: borrowing Listener) throws -> UInt16 {
        let digits = try #require(listener.name.split(separator: ":").last)
        return try #require(UInt16(digits))
    }
}

extension PortCheck {
    fileprivate func finding(at address: SocketAddress) -> Finding { look(at: address).finding }
}

/// A procfs with processes and their sockets.
private struct FakeProcesses {
    let root: String

    func listen(port: UInt16, inode: Int, table: String = "tcp", state: String = "0A") throws {
        let digits = String(port, radix: 16, uppercase: true)
        let hexadecimal = String(repeating: "0", count: 4 - digits.count) + digits
        try writeFile(
            "\(root)/net/\(table)",
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
                + "   0: 00000000:\(hexadecimal) 00000000:0000 \(state) 00000000:00000000 00:00000000 00000000     0"
                + "        0 \(inode) 1 0000000000000000 100 0 0 10 0\n")
    }

    func add(_ identifier: Int, _ name: String, _ group: String, inode: Int) throws {
        try makeDirectories("\(identifier)/fd", in: root)
        try writeFile("\(root)/\(identifier)/comm", name + "\n")
        try writeFile("\(root)/\(identifier)/cgroup", group + "\n")
        try checked("symlink", symlink("/dev/null", "\(root)/\(identifier)/fd/0"))
        try checked("symlink", symlink("socket:[\(inode)]", "\(root)/\(identifier)/fd/3"))
    }
}

private func withProcesses(_ body: (FakeProcesses) throws -> Void) throws {
    try withTemporaryDirectory { directory in
        try makeDirectories("net", in: directory)
        try makeDirectories("self", in: directory)
        try body(FakeProcesses(root: directory))
    }
}
