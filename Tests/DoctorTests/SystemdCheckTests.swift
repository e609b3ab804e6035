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
