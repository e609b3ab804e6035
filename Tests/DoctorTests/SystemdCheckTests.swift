import Glibc
import Kernel
import Sandbox
import TestSupport
import Testing

@testable import Doctor

/// What `doctor` says of systemd and of the sandbox.
@Suite struct SystemdCheckTests {
    @Test func `without systemd a file keeps the totals`() throws {
        try withTemporaryDirectory { root in
            let findings = SystemdCheck(root: root).findings(passed: 0)
            #expect(findings.map(\.status) == [.note])
            #expect(findings[0].remedy?.contains("--state-file") == true)
        }
    }

    @Test func `a unit is to be installed, then enabled`() throws {
        try withTemporaryDirectory { root in
            try makeDirectories("run/systemd/system", in: root)
            #expect(
                SystemdCheck(root: root).findings(passed: 0).map(\.remedy) == [
                    "install the package, or 'sudo make install'"
                ])
            #expect(!SystemdCheck(root: root).hasSocketUnit)

            try makeDirectories("usr/lib/systemd/system", in: root)
            try writeFile(root + "/usr/lib/systemd/system/pyjoules-exporter.socket", "")
            #expect(SystemdCheck(root: root).hasSocketUnit)
            #expect(
                SystemdCheck(root: root).findings(passed: 0).map(\.remedy) == [
                    "sudo systemctl enable --now pyjoules-exporter.socket"
                ])

            try makeDirectories("etc/systemd/system/sockets.target.wants", in: root)
            try checked(
                "symlink",
                symlink(
                    root + "/usr/lib/systemd/system/pyjoules-exporter.socket",
                    root + "/etc/systemd/system/sockets.target.wants/pyjoules-exporter.socket"))
            #expect(SystemdCheck(root: root).findings(passed: 0).map(\.status) == [.ok])
        }
    }

    @Test func `a drop-in may give the service other rights`() throws {
        try withTemporaryDirectory { root in
            #expect(!SystemdCheck(root: root).serviceIsChanged)
            try makeDirectories("etc/systemd/system/pyjoules-exporter.service.d", in: root)
            #expect(SystemdCheck(root: root).serviceIsChanged)
        }
    }

    @Test func `what systemd says of both units is read`() throws {
        let text =
            "Listen=[::]:9191 (Stream)\nListen=127.0.0.1:9292 (Stream)\nListen=/run/a.socket (Stream)\n"
            + "Listen=@b (Stream)\nListen=[::]:53 (Datagram)\nActiveState=active\nSubState=listening\nNeedDaemonReload=no\n\n"
            + "Result=exit-code\nStatusText=Failed: a=b\nActiveState=activating\nSubState=auto-restart\nNeedDaemonReload=yes\n"
        let units = try #require(Units(text))
        #expect(
            units.socket.addresses == [
                .any(port: 9191), .ipv4(text: "127.0.0.1", port: 9292), .unix(path: "/run/a.socket", mode: nil),
            ])
        #expect(units.socket.isActive && !units.service.isActive)
        #expect(units.service.addresses.isEmpty)
        #expect(units.service.statusText == "Failed: a=b")
        #expect(!units.socket.needsReload && units.service.needsReload)
        let unit = SocketUnit(units)
        #expect(unit.isOpen == true && unit.wakesService)
        #expect(SocketUnit(nil).addresses == [.any(port: 9091)])
    }

    @Test(arguments: ["", "\n", "ActiveState=active\n"])
    func `what is no answer of systemd's is none`(text: String) { #expect(Units(text) == nil) }

    @Test(
        arguments: [
            ("active", "running", [], nil),
            ("inactive", "dead", [.problem], "sudo systemctl start pyjoules-exporter.service"),
            ("failed", "failed", [.problem], "journalctl -x -u pyjoules-exporter, which says what mends it"),
            ("activating", "auto-restart", [.problem], "journalctl -x -u pyjoules-exporter, which says what mends it"),
        ] as [(String, String, [Finding.Status], String?)])
    func `a service that does not run is a problem, unless an exporter serves all the same`(
        state: String, sub: String, statuses: [Finding.Status], remedy: String?
    ) throws {
        let units = try #require(
            Units("ActiveState=active\n\nActiveState=\(state)\nSubState=\(sub)\nStatusText=It is so\n"))
        let findings = SystemdCheck(root: "/nowhere").findings(units, isServed: false)
        #expect(findings.map(\.status) == statuses)
        #expect(findings.first?.remedy == remedy)
        if state == "failed" { #expect(findings[0].sentence.contains(": It is so.")) }
        #expect(SystemdCheck(root: "/nowhere").findings(units, isServed: true).isEmpty)
    }

    @Test func `without its socket it is that which is missing`() throws {
        let units = try #require(Units("ActiveState=inactive\n\nActiveState=inactive\nSubState=dead\n"))
        #expect(SystemdCheck(root: "/nowhere").findings(units, isServed: false).isEmpty)
    }

    @Test func `files that systemd has not read are told`() throws {
        let units = try #require(Units("NeedDaemonReload=yes\nActiveState=active\n\nActiveState=active\n"))
        let findings = SystemdCheck(root: "/nowhere").findings(units, isServed: true)
        #expect(findings.map(\.status) == [.note])
        #expect(findings[0].remedy?.hasPrefix("sudo systemctl daemon-reload") == true)
    }

    @Test func `sockets that were passed are counted`() throws {
        try withTemporaryDirectory { root in
            #expect(SystemdCheck(root: root).findings(passed: 2)[0].sentence == "systemd passed 2 sockets.")
        }
    }

    @Test(
        arguments: [("2", nil, 2), ("2", 1, 0), ("-1", nil, 0), ("many", nil, 0), (nil, nil, 0)]
            as [(String?, Int?, Int)])
    func `passed sockets are this process's own`(count: String?, process: Int?, sockets: Int) {
        let passed = SystemdCheck.passedSockets { name in
            name == "LISTEN_FDS" ? count : "\(process ?? Process.identifier)"
        }
        #expect(passed == sockets)
    }

    @Test func `each layer of the sandbox is told, and one that is missing is no problem`() {
        let findings = SandboxCheck(offered: SandboxReport(allOff: "this kernel has none")).findings
        #expect(findings.map(\.status) == [.note, .note, .note])
        #expect(findings.map(\.remedy).compactMap { $0 }.count == 2)
        #expect(findings[0].sentence == "landlock cannot be had: this kernel has none. The exporter runs without it.")
    }
}
