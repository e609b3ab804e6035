import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct LineWriterTests {
    /// That this test ends shows that the writer did not wait.
    @Test func `a pipe that nobody reads takes whole lines until it is full`() throws {
        let pipe = try Pipe()
        let flags = statusFlags(pipe.writer)
        let writer = try LineWriter(sharing: pipe.writer)
        try expectWholeLines(writer, pipe)
        #expect(statusFlags(pipe.writer) == flags)
        #expect(statusFlags(pipe.writer) & O_NONBLOCK == 0, "whoever shares the pipe still waits")
    }

    @Test(.enabled(if: isPrivileged))
    func `a pipe that may not be opened once more takes whole lines as well`() throws {
        let pipe = try Pipe()
        let flags = statusFlags(pipe.writer)
        #expect(throws: SystemError.self) {
            try withoutPrivileges { _ = try FileDescriptor.open("/proc/self/fd/\(pipe.writer.number)", O_WRONLY) }
        }
        let writer = try withoutPrivileges { try LineWriter(sharing: pipe.writer) }
        try expectWholeLines(writer, pipe)
        #expect(statusFlags(pipe.writer) == flags)
    }

    @Test func `a pipe whose reader has gone takes nothing`() throws {
        try withSignalsKept {
            _ = try SignalReceiver()
            try Pipe().split { reader, writer in
                let lines = try LineWriter(sharing: writer)
                discard(reader)
                #expect(write("x\n", by: lines) == false)
            }
        }
    }

    @Test func `a file takes lines one after the other`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/log"
            try writeFile(path, "")
            let file = try FileDescriptor.open(path, O_WRONLY)
            let writer = try LineWriter(sharing: file)
            #expect(write("first\n", by: writer) == true)
            #expect(write("second\n", by: writer) == true)
            #expect(String(decoding: try Files.read(path), as: UTF8.self) == "first\nsecond\n")
            #expect(statusFlags(file) & O_NONBLOCK == 0)
        }
    }

    @Test func `a device takes lines`() throws {
        let null = try FileDescriptor.open("/dev/null", O_WRONLY)
        #expect(write("x\n", by: try LineWriter(sharing: null)) == true)
    }

    @Test func `a socket that nobody reads takes lines until it is full`() throws {
        let pair = try waitingPair()
        let flags = statusFlags(pair.writer)
        let writer = try LineWriter(sharing: pair.writer)
        #expect(write("first\n", by: writer) == true)
        #expect(receive(over: pair.reader) == (.bytes(6), "first\n"))
        #expect(fill(writer) > 0)
        while case .bytes = receive(over: pair.reader).transfer {}
        #expect(write("again\n", by: writer) == true)
        #expect(receive(over: pair.reader) == (.bytes(6), "again\n"))
        #expect(statusFlags(pair.writer) == flags)
        #expect(statusFlags(pair.writer) & O_NONBLOCK == 0)
    }

    @Test func `a socket whose reader has gone takes nothing and raises no signal`() throws {
        try waitingPair().split { reader, writer in
            let lines = try LineWriter(sharing: writer)
            discard(reader)
            #expect(write("x\n", by: lines) == false)
        }
    }

    @Test func `what was shared may be closed before the writer`() throws {
        try Pipe().split { reader, writer in
            let lines = try LineWriter(sharing: writer)
            discard(writer)
            #expect(write("x\n", by: lines) == true)
            var bytes = [UInt8](repeating: 0, count: 8)
            #expect(Glibc.read(reader.number, &bytes, bytes.count) == 2)
        }
    }

    @Test func `there is a writer to standard error, which stays as it is`() throws {
        let flags = fcntl(2, F_GETFL)
        _ = try LineWriter.standardError()
        #expect(fcntl(2, F_GETFL) == flags)
    }

    /// A pipe's lines are the longest that it takes whole, so that none is ever cut.
    private func expectWholeLines(_ writer: borrowing LineWriter, _ pipe: borrowing Pipe) throws {
        let accepted = fill(writer)
        #expect(accepted > 0)
        var content = [UInt8](repeating: 0, count: accepted * LineWriter.longestLine)
        var count = 0
        while count < content.count {
            count += try checked(
                "read",
                content.withUnsafeMutableBytes { bytes in
                    Glibc.read(pipe.reader.number, bytes.baseAddress?.advanced(by: count), bytes.count - count)
                })
        }
        #expect(content == (0..<accepted).flatMap { line($0) })
        #expect(write("room again\n", by: writer) == true)
    }

    /// Writes numbered lines until one is not taken; how many were.
    private func fill(_ writer: borrowing LineWriter) -> Int {
        for number in 0..<10_000 {
            let bytes = line(number)
            if !writer.write(bytes.span) { return number }
        }
        Issue.record("10,000 lines of 4 KiB fit")
        return 0
    }

    private func line(_ number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(ascii: "a") + UInt8(number % 26), count: LineWriter.longestLine - 1) + [0x0A]
    }

    private func write(_ text: String, by writer: borrowing LineWriter) -> Bool {
        let bytes = Array(text.utf8)
        return writer.write(bytes.span)
    }

    /// A connected pair of sockets that wait, as a supervisor gives one to a service.
    private func waitingPair() throws -> Pipe {
        var ends: [Int32] = [-1, -1]
        try checked("socketpair", socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends))
        return Pipe(reader: FileDescriptor(inherited: ends[0]), writer: FileDescriptor(inherited: ends[1]))
    }

    private func statusFlags(_ descriptor: borrowing FileDescriptor) -> Int32 {
        fcntl(descriptor.number, F_GETFL)
    }
}
