import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct StateFileTests {
    @Test func `a file is made, readable for its owner only, and keeps what was written`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/state"
            do {
                let file = try StateFile(locking: path)
                #expect(try file.size() == 0)
                #expect(try file.content(5..<9) == [0, 0, 0, 0], "what was never written is zero")
                try file.allocate(4096)
                let bytes: [UInt8] = [7, 8, 9]
                #expect(file.write(bytes.span, at: 10) == nil)
                try file.synchronize()
                #expect(try file.content(9..<14) == [0, 7, 8, 9, 0])
            }
            #expect(try Files.read(path)[9..<14] == [0, 7, 8, 9, 0])
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o600)
            #expect(status.st_size == 4096)
            #expect(status.st_blocks * 512 >= 4096, "its space is set aside")
        }
    }

    @Test func `what is there stays, whatever its length`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/state"
            for length in [1, 4095, 4096, 10_000] {
                let content = Array(repeating: UInt8(0xAA), count: length)
                try writeFile(path, content)
                let file = try StateFile(locking: path)
                #expect(try file.size() == length)
                #expect(try Files.read(path, limit: 20_000) == content)
                try file.allocate(4096)
                #expect(try file.content(0..<length) == content)
                #expect(try file.size() == max(length, 4096))
            }
        }
    }

    /// A file that was mapped once ended the process by SIGBUS.
    @Test func `a file that somebody shortens is written on`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/state"
            let file = try StateFile(locking: path)
            try file.allocate(8192)
            try checked("truncate", truncate(path, 0))
            let bytes: [UInt8] = [1, 2, 3]
            #expect(file.write(bytes.span, at: 8000) == nil)
            #expect(try file.content(7999..<8004) == [0, 1, 2, 3, 0])
        }
    }

    @Test func `a file in use is refused to a second user until the first has gone`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/state"
            do {
                let first = try StateFile(locking: path)
                let error = #expect(throws: SystemError.self) { _ = try StateFile(locking: path) }
                #expect(error.map { "\($0)" } == "flock: \(ErrorCode(number: EWOULDBLOCK))")
                #expect(try first.size() == 0)
            }
            _ = try StateFile(locking: path)
        }
    }

    @Test func `a link is not followed, and what cannot be opened says why, without waiting`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/other", "precious")
            try checked("symlink", symlink(directory + "/other", directory + "/state"))
            try checked("mkfifo", mkfifo(directory + "/pipe", 0o600))
            let expectations = [
                ("/state", ErrorCode.tooManyLinks), ("/missing/state", .notFound), ("", ErrorCode(number: EISDIR)),
                ("/pipe", .notRegularFile),
            ]
            for (path, code) in expectations {
                let error = #expect(throws: SystemError.self) { _ = try StateFile(locking: directory + path) }
                #expect(error.map { "\($0)" } == "open: \(code)")
            }
            #expect(try Files.read(directory + "/other") == Array("precious".utf8))
        }
        #expect(throws: SystemError.self) { _ = try StateFile(locking: "/dev/null") }
    }

    @Test func `a deleted file is told from one that is there`() throws {
        try withTemporaryDirectory { directory in
            let file = try StateFile(locking: directory + "/state")
            let before = file.isDeleted()
            #expect(!before)
            try checked("unlink", unlink(directory + "/state"))
            let after = file.isDeleted()
            #expect(after)
        }
    }

    /// /dev/full stands for any file without room; it is no regular file, so that it is opened here by the way around.
    @Test func `a write without room says so`() throws {
        let full = StateFile(unlocked: try FileDescriptor.open("/dev/full", O_RDWR))
        let bytes: [UInt8] = [1]
        #expect(full.write(bytes.span, at: 0) == .noSpace)
    }
}
