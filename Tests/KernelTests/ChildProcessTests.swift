import Glibc
import Testing

@testable import Kernel

@Suite struct ChildProcessTests {
    @Test(arguments: [0, 1, 42, 255])
    func `the exit status is told`(status: Int32) throws {
        #expect(try end(of: ["sh", "-c", "exit \(status)"]) == .exited(status: status))
    }

    @Test func `a signal that ended it is told`() throws {
        let end = try end(of: ["sh", "-c", "kill -KILL $$"])
        #expect(end == .killed(by: SignalNumber(rawValue: SIGKILL)))
        #expect(end.exitStatus == 137)
    }

    @Test func `a signal is sent to it`() throws {
        let receiver = try SignalReceiver()
        let child = try ChildProcess(starting: ArgumentVector(["sleep", "60"]), signals: receiver)
        let before = try child.takeEnd()
        #expect(before == nil)
        child.send(SignalNumber(rawValue: SIGKILL))
        #expect(try waitForEnd(of: child) == .killed(by: SignalNumber(rawValue: SIGKILL)))
    }

    @Test func `a child is in the process group of its parent unless it leaves`() throws {
        let receiver = try SignalReceiver()
        let child = try ChildProcess(starting: ArgumentVector(["sleep", "60"]), signals: receiver)
        let shares = child.sharesProcessGroup
        #expect(shares)
        child.send(SignalNumber(rawValue: SIGKILL))
        _ = try waitForEnd(of: child)
    }

    @Test(arguments: [
        ("/nowhere/to/be/found", ENOENT), ("no-such-command-anywhere", ENOENT), ("", ENOENT), ("/", EACCES),
        ("/etc/passwd", EACCES),
    ])
    func `what cannot be executed is an error and starts nothing`(name: String, code: Int32) throws {
        let receiver = try SignalReceiver()
        do throws(SystemError) {
            _ = try ChildProcess(starting: ArgumentVector([name]), signals: receiver)
            Issue.record("started")
        } catch {
            #expect(error.code.number == code)
        }
    }

    @Test(arguments: [0, 1, 255])
    func `a wait status tells an exit status`(status: Int32) {
        #expect(ProcessEnd(waitStatus: status << 8) == .exited(status: status))
    }

    @Test(arguments: [SIGTERM, SIGSEGV])
    func `a wait status tells a signal, with or without a core`(signal: Int32) {
        #expect(ProcessEnd(waitStatus: signal) == .killed(by: SignalNumber(rawValue: signal)))
        #expect(ProcessEnd(waitStatus: signal | 0x80) == .killed(by: SignalNumber(rawValue: signal)))
    }

    private func end(of words: [String]) throws -> ProcessEnd {
        let receiver = try SignalReceiver()
        return try waitForEnd(of: ChildProcess(starting: ArgumentVector(words), signals: receiver))
    }

    /// Polls: among the threads of a test run, SIGCHLD is not certain to come to this one.
    private func waitForEnd(of child: borrowing ChildProcess) throws -> ProcessEnd {
        for _ in 0..<10_000 {
            if let end = try child.takeEnd() { return end }
            usleep(1000)
        }
        throw SystemError(call: "waitpid", code: ErrorCode(number: ETIMEDOUT))
    }
}
