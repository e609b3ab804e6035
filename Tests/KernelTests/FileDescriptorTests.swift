import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct FileDescriptorTests {
    @Test func `a file is read from any offset until its end`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", "0123456789")
            let file = try FileDescriptor.open(reading: directory + "/file")
            #expect(read(file, at: 0, atMost: 4) == (.bytes(4), "0123"))
            #expect(read(file, at: 8, atMost: 4) == (.bytes(2), "89"))
            #expect(read(file, at: 10, atMost: 4) == (.bytes(0), ""))
            #expect(read(file, at: 1000, atMost: 4) == (.bytes(0), ""))
            #expect(read(file, at: 0, atMost: 100) == (.bytes(10), "0123456789"), "no position is kept between reads")
        }
    }

    @Test func `reading appends to what is there`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", "world")
            let file = try FileDescriptor.open(reading: directory + "/file")
            var bytes: [UInt8] = []
            bytes.append(addingCapacity: 11) { output in
                for byte in "hello ".utf8 { output.append(byte) }
                _ = file.read(at: 0, into: &output)
            }
            #expect(String(decoding: bytes, as: UTF8.self) == "hello world")
        }
    }

    @Test func `what the kernel refuses to read is a failure`() throws {
        let directory = try FileDescriptor.open("/", O_RDONLY)
        #expect(read(directory, at: 0, atMost: 4) == (.failed(ErrorCode(number: EISDIR)), ""))
        let memory = try FileDescriptor.open(reading: "/proc/self/mem")
        #expect(read(memory, at: 0, atMost: 4) == (.failed(.inputOutput), ""))
    }

    @Test func `a file that cannot be opened is an error that names the call`() throws {
        try withTemporaryDirectory { directory in
            #expect {
                _ = try FileDescriptor.open(reading: directory + "/missing")
            } throws: { error in
                "\(error)" == "open: No such file or directory"
            }
            try writeFile(directory + "/secret", "", mode: 0)
            #expect {
                try withoutPrivileges { _ = try FileDescriptor.open(reading: directory + "/secret") }
            } throws: { error in
                (error as? SystemError)?.code == .permissionDenied
            }
        }
    }

    /// A pipe that nobody writes to once held up the loop for ever.
    @Test func `what is no regular file is not opened for reading, and nothing waits for it`() throws {
        try withTemporaryDirectory { directory in
            let pipe = directory + "/pipe"
            try checked("mkfifo", mkfifo(pipe, 0o600))
            try checked("symlink", symlink(pipe, directory + "/link"))
            for path in [pipe, directory + "/link", directory, "/dev/null"] {
                let error = #expect(throws: SystemError.self) { _ = try FileDescriptor.open(reading: path) }
                #expect(error.map { "\($0)" } == "open: not a regular file", "\(path)")
                #expect(throws: SystemError.self) { _ = try Files.read(path) }
                #expect(throws: SystemError.self) { _ = try Files.readOnce(path) }
                let isOpened = StoredPath(path).open() != nil
                #expect(!isOpened, "\(path)")
            }
            var empty = ListingDigest()
            empty.add(file: StoredPath(directory + "/missing"))
            var digest = ListingDigest()
            digest.add(file: StoredPath(pipe))
            #expect(digest == empty)
        }
    }

    @Test func `a descriptor is closed when its owner goes`() throws {
        try Pipe().split { reader, writer in
            let written = Glibc.write(writer.number, "x", 1)
            #expect(written == 1)
            discard(writer)
            #expect(readPipe(reader) == 1)
            #expect(readPipe(reader) == 0, "the last writer is gone, which is the end of the pipe")
        }
    }

    @Test func `closing brings the number of descriptors back`() throws {
        let before = try Files.names(in: "/proc/self/fd").count
        do {
            let pipe = try Pipe()
            let file = try FileDescriptor.open("/", O_RDONLY)
            #expect(try Files.names(in: "/proc/self/fd").count == before + 3)
            withExtendedLifetime(pipe.reader.number + file.number) {}
        }
        #expect(try Files.names(in: "/proc/self/fd").count == before)
    }

    @Test func `a program that is started does not inherit what was opened`() throws {
        let file = try FileDescriptor.open("/", O_RDONLY)
        #expect(fcntl(file.number, F_GETFD) & FD_CLOEXEC != 0)
        let pair = try FileDescriptor.connectedPair()
        #expect(fcntl(pair.first.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(pair.second.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    private func read(
        _ file: borrowing FileDescriptor, at offset: Int, atMost count: Int
    ) -> (ReadOutcome, String) {
        var bytes: [UInt8] = []
        var outcome = ReadOutcome.bytes(-1)
        bytes.append(addingCapacity: count) { output in outcome = file.read(at: offset, into: &output) }
        return (outcome, String(decoding: bytes, as: UTF8.self))
    }

    private func readPipe(_ reader: borrowing FileDescriptor) -> Int {
        var byte: UInt8 = 0
        return Glibc.read(reader.number, &byte, 1)
    }
}

/// Ends the ownership of a descriptor, which closes it.
func discard(_ descriptor: consuming FileDescriptor) {}
