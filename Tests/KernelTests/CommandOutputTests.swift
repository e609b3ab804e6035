import Testing

@testable import Kernel

@Suite struct CommandOutputTests {
    @Test func `what a program prints is given, and not what it complains of`() throws {
        #expect(try output("echo a; echo b >&2; cat; echo c") == "a\nc\n")
        #expect(try output("exit 0") == "")
    }

    @Test func `more than a pipe holds is read`() throws {
        #expect(try output("head -c 200000 /dev/zero | tr '\\0' x", limit: 300_000)?.utf8.count == 200_000)
    }

    @Test(arguments: ["exit 1", "kill -KILL $$"])
    func `one that fails gives nothing`(script: String) throws { #expect(try output("echo a; \(script)") == nil) }

    @Test func `one that prints too much is ended`() throws { #expect(try output("yes") == nil) }

    @Test func `one that takes too long is ended`() throws {
        #expect(try output("echo a; exec sleep 600", milliseconds: 50) == nil)
    }

    @Test(arguments: ["/nowhere/to/be/found", "no-such-command-anywhere", "/etc/passwd"])
    func `what cannot be executed gives nothing`(name: String) throws {
        let printed = try CommandOutput.of([name], limit: 10, patienceMilliseconds: 60_000)
        #expect(printed == nil)
    }

    private func output(_ script: String, limit: Int = 1000, milliseconds: UInt64 = 60_000) throws -> String? {
        try CommandOutput.of(["sh", "-c", script], limit: limit, patienceMilliseconds: milliseconds)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
