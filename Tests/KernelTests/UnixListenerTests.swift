import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct UnixListenerTests {
    @Test func `it is named by its path, and its clients are one`() throws {
        try withPath { path in
            let listener = try Listener(on: .unix(path: path, mode: nil))
            #expect(listener.name == "unix:\(path)")
            let client = try connectedUnixClient(to: path)
            let first = try acceptWhenReady(listener)
            let other = try connectedUnixClient(to: path)
            let second = try acceptWhenReady(listener)
            #expect(first.peer == second.peer)
            #expect(fcntl(first.socket.number, F_GETFL) & O_NONBLOCK != 0)
            #expect(send("hello", over: client) == .bytes(5))
            #expect(try receiveWhenReady(over: first.socket) == (.bytes(5), "hello"))
            discard(other)
        }
    }

    @Test(arguments: [0o600, 0o660, 0o666, 0o777, 0o000] as [UInt16], [0o000, 0o022, 0o777] as [mode_t])
    func `its permissions are what was asked for, whatever the umask`(mode: UInt16, mask: mode_t) throws {
        try withPath { path in
            let former = umask(mask)
            defer { umask(former) }
            let listener = try Listener(on: .unix(path: path, mode: mode))
            #expect(try permissions(of: path) == mode_t(mode))
            #expect(umask(mask) == mask)
            #expect(listener.name == "unix:\(path)")
        }
    }

    @Test func `without a mode the umask decides`() throws {
        try withPath { path in
            let former = umask(0o027)
            defer { umask(former) }
            let listener = try Listener(on: .unix(path: path, mode: nil))
            #expect(try permissions(of: path) == 0o750)
            #expect(listener.name == "unix:\(path)")
        }
    }

    @Test func `its file goes when it goes`() throws {
        try withPath { path in
            for _ in 1...2 {
                let listener = try Listener(on: .unix(path: path, mode: nil))
                #expect(access(path, F_OK) == 0)
                #expect(listener.name == "unix:\(path)")
            }
            #expect(access(path, F_OK) != 0)
        }
    }

    @Test func `a file that took its place stays`() throws {
        try withPath { path in
            do {
                let listener = try Listener(on: .unix(path: path, mode: nil))
                try writeFile(path + ".new", "new")
                try checked("rename", rename(path + ".new", path))
                #expect(listener.name == "unix:\(path)")
            }
            #expect(try Files.read(path) == Array("new".utf8))
        }
    }

    @Test func `a file that was removed meanwhile is no trouble`() throws {
        try withPath { path in
            let listener = try Listener(on: .unix(path: path, mode: nil))
            try checked("unlink", unlink(path))
            #expect(listener.name == "unix:\(path)")
        }
    }

    @Test func `an adopted socket's file is not ours to remove`() throws {
        try withPath { path in
            do {
                let number = try boundSocket(SOCK_STREAM, path)
                try checked("listen", listen(number, 8))
                #expect(try isAdopted(FileDescriptor(inherited: number)) == true)
            }
            #expect(access(path, F_OK) == 0)
        }
    }

    @Test(arguments: [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET])
    func `a socket that nobody serves is replaced`(type: __socket_type) throws {
        try withPath { path in
            close(try boundSocket(type, path))
            let listener = try Listener(on: .unix(path: path, mode: 0o600))
            #expect(try permissions(of: path) == 0o600)
            let client = try connectedUnixClient(to: path)
            let accepted = try acceptWhenReady(listener)
            #expect(send("x", over: accepted.socket) == .bytes(1))
            discard(client)
        }
    }

    @Test func `a socket that somebody serves is in use and stays`() throws {
        try withPath { path in
            let listener = try Listener(on: .unix(path: path, mode: nil))
            #expect(failure(path) == .addressInUse)
            let probe = try acceptWhenReady(listener)
            discard(probe.takeSocket())
            let client = try connectedUnixClient(to: path)
            let accepted = try acceptWhenReady(listener)
            #expect(send("x", over: accepted.socket) == .bytes(1))
            discard(client)
        }
    }

    @Test func `a server that has too many waiting is a server`() throws {
        try withPath { path in
            let server = FileDescriptor(inherited: try boundSocket(SOCK_STREAM, path))
            try checked("listen", listen(server.number, 0))
            let client = try connectedUnixClient(to: path)
            #expect(failure(path) == .addressInUse)
            discard(client)
        }
    }

    @Test(arguments: [SOCK_DGRAM, SOCK_SEQPACKET])
    func `a socket of another type that somebody serves is in use`(type: __socket_type) throws {
        try withPath { path in
            let server = FileDescriptor(inherited: try boundSocket(type, path))
            if type == SOCK_SEQPACKET { try checked("listen", listen(server.number, 8)) }
            #expect(failure(path) == .addressInUse)
        }
    }

    @Test func `a file that is no socket is said to be none, and stays`() throws {
        try withPath { path in
            try writeFile(path, "precious")
            #expect(failure(path) == .notASocket)
            #expect(try Files.read(path) == Array("precious".utf8))
            try checked("rename", rename(path, path + ".moved"))
            try checked("mkdir", mkdir(path, 0o755))
            #expect(failure(path) == .notASocket)
            try checked("rmdir", rmdir(path))
            // Followed, the link would lead to a socket that nobody serves; it is somebody's arrangement all the same.
            close(try boundSocket(SOCK_STREAM, path + ".stale"))
            try checked("symlink", symlink(path + ".stale", path))
            #expect(failure(path) == .notASocket)
            #expect(access(path + ".stale", F_OK) == 0)
        }
    }

    @Test func `a directory that is missing is an error`() throws {
        try withPath { path in #expect(failure(path + "/x") == .notFound) }
    }

    @Test(.enabled(if: isPrivileged, "only root can make a socket that another user may not connect to"))
    func `a socket that may not be asked stays`() throws {
        try withPath { path in
            try checked("chmod", chmod(String(path.dropLast("/socket".count)), 0o777))
            let listener = try Listener(on: .unix(path: path, mode: 0o600))
            try withoutPrivileges { #expect(failure(path) == .permissionDenied) }
            #expect(access(path, F_OK) == 0)
            #expect(listener.name == "unix:\(path)")
        }
    }

    @Test(.enabled(if: isPrivileged, "only root can take away its own permission"))
    func `a file that may not be removed at the end stays and harms nobody`() throws {
        try withPath { path in
            var listener: Listener? = try Listener(on: .unix(path: path, mode: nil))
            try withoutPrivileges { listener = nil }
            #expect(access(path, F_OK) == 0)
            let isGone =
                switch listener {
                case .none: true
                case .some: false
                }
            #expect(isGone)
            let next = try Listener(on: .unix(path: path, mode: nil))
            #expect(next.name == "unix:\(path)")
        }
    }

    @Test func `a path may have 107 bytes, as unix(7) says`() throws {
        try withTemporaryDirectory { directory in
            let longest = directory + "/" + String(repeating: "s", count: 106 - directory.utf8.count)
            let listener = try Listener(on: .unix(path: longest, mode: nil))
            #expect(listener.name == "unix:\(longest)")
            let client = try connectedUnixClient(to: longest)
            let accepted = try acceptWhenReady(listener)
            #expect(send("x", over: accepted.socket) == .bytes(1))
            discard(client)
            #expect(failure(longest + "s") == .invalidArgument)
            #expect(failure("") == .invalidArgument)
        }
    }

    private func withPath(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { try body($0 + "/socket") }
    }

    private func permissions(of path: String) throws -> mode_t {
        var status = stat()
        try checked("lstat", lstat(path, &status))
        return status.st_mode & 0o7777
    }

    private func boundSocket(_ type: __socket_type, _ path: String) throws -> Int32 {
        let number = try checked("socket", socket(AF_UNIX, Int32(type.rawValue), 0))
        try withUnixAddress(path) { try checked("bind", bind(number, $0, $1)) }
        return number
    }

    private func isAdopted(_ descriptor: consuming FileDescriptor) throws -> Bool {
        switch try Listener.adopt(descriptor) {
        case .listener: true
        case .refused: false
        }
    }

    /// Why nobody can listen there; nil if somebody can.
    private func failure(_ path: String) -> ErrorCode? {
        do {
            _ = try Listener(on: .unix(path: path, mode: nil))
            return nil
        } catch {
            return error.code
        }
    }
}
