import Glibc
import Testing

@testable import Kernel

@Suite struct TextWriterTests {
    @Test func `a file gets the whole text, and nothing of what was there before`() throws {
        let path = "/tmp/pyjoules-text-writer-\(getpid())"
        defer { unlink(path) }
        let long = String(repeating: "0123456789", count: 20_000)
        do {
            let writer = try TextWriter(creating: path)
            try writer.write(long)
        }
        #expect(try Files.read(path, limit: 1_000_000).count == 200_000)
        do {
            let writer = try TextWriter(creating: path)
            let isTerminal = writer.isTerminal
            #expect(!isTerminal)
            // What was there stays until there is something else.
            #expect(try Files.read(path, limit: 1_000_000).count == 200_000)
            try writer.empty()
            try writer.write("one\n")
            try writer.write("")
            try writer.write("two\n")
        }
        #expect(String(decoding: try Files.read(path), as: UTF8.self) == "one\ntwo\n")
    }

    @Test(arguments: [("/nowhere/to/be/found", ENOENT), ("/tmp", EISDIR)])
    func `a file that cannot be made is an error`(path: String, code: Int32) {
        do throws(SystemError) {
            _ = try TextWriter(creating: path)
            Issue.record("made")
        } catch {
            #expect(error.code.number == code)
        }
    }

    @Test func `a full device is an error`() throws {
        let writer = try TextWriter(creating: "/dev/full")
        do throws(SystemError) {
            try writer.write("text")
            Issue.record("written")
        } catch {
            #expect(error.code.number == ENOSPC)
        }
    }
}
