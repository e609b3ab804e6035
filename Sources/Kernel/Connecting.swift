import CLinux
import Glibc

/// The client's side of a stream socket.
extension FileDescriptor {
    /// Begins to connect to this machine's listener on an address, and never waits: once the socket is writable,
    /// `connectionFailure` tells how it ended. An error says that it has failed already. See connect(2).
    ///
    /// `.any` is asked on IPv4's loopback, which each listener on all addresses serves, and `.vsock` on the machine's own port.
    public static func connecting(to address: SocketAddress) throws(SystemError) -> FileDescriptor {
        switch address {
        case .any(let port): try connecting(AF_INET, to: sockaddr_in(ipv4: "127.0.0.1", port: port))
        case .ipv4(let text, let port): try connecting(AF_INET, to: sockaddr_in(ipv4: text, port: port))
        case .ipv6(let text, let port): try connecting(AF_INET6, to: sockaddr_in6(ipv6: text, port: port))
        case .unix(let path, _): try connecting(AF_UNIX, to: SocketFile.address(of: path))
        case .vsock(let port): try connecting(AF_VSOCK, to: sockaddr_vm(context: localContext, port: port))
        }
    }

    /// VMADDR_CID_LOCAL: the machine speaks to itself. See vsock(7).
    private static let localContext: UInt32 = 1

    private static func connecting<Address>(
        _ family: Int32, to address: Address
    ) throws(SystemError) -> FileDescriptor {
        let descriptor = try streamSocket(family)
        switch descriptor.connect(to: address) {
        case .value: return descriptor
        case .failure(let code) where code.number == EINPROGRESS: return descriptor
        case .failure(let code): throw SystemError(call: "connect", code: code)
        }
    }

    /// Why a connection that was begun could not be made; nil if it stands. To be asked once the socket is writable. See
    /// SO_ERROR in socket(7).
    public borrowing func connectionFailure() throws(SystemError) -> ErrorCode? {
        let number = try option(SOL_SOCKET, SO_ERROR)
        return number == 0 ? nil : ErrorCode(number: number)
    }

    /// A new stream socket that never waits. See socket(2).
    static func streamSocket(_ family: Int32) throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return FileDescriptor(inherited: Int32(try attempt { Int(socket(family, type, 0)) }.orThrow("socket")))
    }
}

extension sockaddr_in {
    /// The text is one that `SocketAddress` has read. See ip(7).
    init(ipv4 text: String, port: UInt16) {
        self.init()
        sin_family = sa_family_t(AF_INET)
        sin_port = port.bigEndian
        _ = unsafe inet_pton(AF_INET, text, &sin_addr)
    }
}

extension sockaddr_in6 {
    /// The text is one that `SocketAddress` has read. See ipv6(7).
    init(ipv6 text: String, port: UInt16) {
        self.init()
        sin6_family = sa_family_t(AF_INET6)
        sin6_port = port.bigEndian
        _ = unsafe inet_pton(AF_INET6, text, &sin6_addr)
    }
}

extension sockaddr_vm {
    /// See vsock(7).
    init(context: UInt32, port: UInt32) {
        self.init()
        svm_family = sa_family_t(AF_VSOCK)
        svm_cid = context
        svm_port = port
    }
}
