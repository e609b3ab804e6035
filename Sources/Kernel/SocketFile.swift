import CLinux
import Glibc

/// The name of a unix socket in the file system: made by binding, and removed when its owner goes, unless it is to be left there or
/// somebody else has taken the name meanwhile. What is left behind is replaced by the next start.
struct SocketFile: ~Copyable {
    private let path: String
    private let device: UInt64
    private let inode: UInt64
    private var isLeft = false

    /// Binds the socket to the path, in place of a socket that nobody serves any more.
    ///
    /// - Parameter mode: the permissions that the file has from its first moment on; by the umask if nil. Who may write to the
    ///   file may connect.
    init(binding socket: borrowing FileDescriptor, to path: String, mode: UInt16?) throws(SystemError) {
        let address = try SocketFile.address(of: path)
        do {
            try SocketFile.bind(socket, to: address, mode: mode)
        } catch  where error.code == .addressInUse {
            try SocketFile.removeStale(path, address)
            try SocketFile.bind(socket, to: address, mode: mode)
        }
        let status = try FileStatus(ofEntry: path)
        self.path = path
        device = status.device
        inode = status.inode
    }

    /// It stays when its owner goes.
    mutating func leave() { isLeft = true }

    deinit {
        guard !isLeft, SocketFile.isEntry(path, device: device, inode: inode) else { return }
        _ = attempt { unsafe Int(unlink(path)) }
    }

    private static func isEntry(_ path: String, device: UInt64, inode: UInt64) -> Bool {
        do {
            let status = try FileStatus(ofEntry: path)
            return status.device == device && status.inode == inode
        } catch {
            return false
        }
    }

    /// The umask is the complement of the mode for this one call, so that there is no moment with other permissions. It belongs
    /// to the whole process, which is one thread. See umask(2).
    private static func bind(
        _ socket: borrowing FileDescriptor, to address: sockaddr_un, mode: UInt16?
    ) throws(SystemError) {
        guard let mode else { return try socket.bind(to: address) }
        let former = umask(~mode_t(mode) & 0o777)
        defer { umask(former) }
        try socket.bind(to: address)
    }

    /// Removes a socket on which nobody answers. One that somebody serves is `.addressInUse`, what is no socket `.notASocket`.
    private static func removeStale(_ path: String, _ address: sockaddr_un) throws(SystemError) {
        guard try FileStatus(ofEntry: path).type == CLINUX_FILE_SOCKET else {
            throw SystemError(call: "bind", code: .notASocket)
        }
        let probe = try FileDescriptor.streamSocket(AF_UNIX)
        switch probe.connect(to: address) {
        case .failure(.connectionRefused): _ = try attempt { unsafe Int(unlink(path)) }.orThrow("unlink")
        // It went by itself.
        case .failure(.notFound): return
        // Without the right to connect, nobody can know whether it is served.
        case .failure(let code) where code == .permissionDenied: throw SystemError(call: "connect", code: code)
        // Somebody answers, has too many waiting, or serves sockets of another type.
        case .value, .failure: throw SystemError(call: "bind", code: .addressInUse)
        }
    }

    /// See unix(7).
    static func address(of path: String) throws(SystemError) -> sockaddr_un {
        guard !path.isEmpty, path.utf8.count <= SocketAddress.longestPathBytes else {
            throw SystemError(call: "bind", code: .invalidArgument)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return address
    }
}
