import CLinux
import Glibc

/// A listening stream socket.
public struct Listener: ~Copyable {
    /// Readable when a connection waits.
    public let descriptor: FileDescriptor
    /// Where it listens, for the log: `127.0.0.1:9091`, `[::]:9091`, `unix:/path`, `vsock://:9091`.
    public let name: String
    /// The name in the file system that was made for it, if one was.
    private var file: SocketFile?
    /// Connections that wait in the kernel until they are accepted; the kernel caps it at net.core.somaxconn.
    static let backlog: Int32 = 1024
    /// Set on each accepted socket of a family that does not inherit it.
    private var acceptedSendBytes: Int?

    /// Listens on an address. `.any` listens on IPv4 and IPv6, or on IPv4 alone where there is no IPv6. A unix socket that nobody
    /// serves any more is replaced; any other file in its place is an error with the code `.notASocket`. See ip(7), ipv6(7),
    /// unix(7), vsock(7).
    public init(on address: SocketAddress) throws(SystemError) {
        switch address {
        case .any(let port):
            do {
                self = try Listener(ipv6: "::", port: port, dualStack: true)
            } catch  where error.code == .addressFamilyNotSupported || error.code.number == EADDRNOTAVAIL {
                self = try Listener(ipv4: "0.0.0.0", port: port)
            }
        case .ipv4(let text, let port): self = try Listener(ipv4: text, port: port)
        case .ipv6(let text, let port): self = try Listener(ipv6: text, port: port, dualStack: false)
        case .unix(let path, let mode):
            let descriptor = try Listener.listeningSocket(AF_UNIX)
            let file = try SocketFile(binding: descriptor, to: path, mode: mode)
            try self.init(listeningOn: descriptor, file: file)
        case .vsock(let port): self = try Listener(vsock: port)
        }
    }

    /// The name in the file system stays when this goes.
    public mutating func leaveFile() { file?.leave() }

    private init(ipv4 text: String, port: UInt16) throws(SystemError) {
        let descriptor = try Listener.listeningSocket(AF_INET)
        try descriptor.bind(to: sockaddr_in(ipv4: text, port: port))
        try self.init(listeningOn: descriptor)
    }

    private init(ipv6 text: String, port: UInt16, dualStack: Bool) throws(SystemError) {
        let descriptor = try Listener.listeningSocket(AF_INET6)
        try descriptor.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, dualStack ? 0 : 1)
        try descriptor.bind(to: sockaddr_in6(ipv6: text, port: port))
        try self.init(listeningOn: descriptor)
    }

    private init(vsock port: UInt32) throws(SystemError) {
        let descriptor = try Listener.listeningSocket(AF_VSOCK)
        try descriptor.bind(to: sockaddr_vm(context: Listener.anyContext, port: port))
        try self.init(listeningOn: descriptor)
    }

    /// VMADDR_CID_ANY, which does not import.
    private static let anyContext = UInt32.max

    private init(
        listeningOn descriptor: consuming FileDescriptor, file: consuming SocketFile? = nil
    ) throws(SystemError) {
        let number = descriptor.number
        // Whoever connects before `limit` is called has these.
        try descriptor.keep(.smallest)
        _ = try attempt { Int(listen(number, Listener.backlog)) }.orThrow("listen")
        try self.init(ready: descriptor, file: file)
    }

    private init(
        ready descriptor: consuming FileDescriptor, file: consuming SocketFile? = nil
    ) throws(SystemError) {
        let address = try descriptor.localAddress()
        if [AF_INET, AF_INET6].contains(Int32(address.ss_family)) {
            // Accepted sockets inherit it, which saves a call for each. A response is one send, so the kernel has nothing to gather.
            try descriptor.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        }
        let name = Listener.describe(address)
        self.descriptor = descriptor
        self.name = name
        self.file = file
    }

    /// Takes over a socket that systemd opened, if it is a listening stream socket of a family served here; says why not otherwise.
    ///
    /// Asked of the socket itself, since the number of an inherited descriptor proves nothing. See sd_listen_fds(3).
    public static func adopt(_ inherited: consuming FileDescriptor) throws(SystemError) -> Adoption {
        guard try FileStatus(of: inherited).isSocket else { return .refused("it is not a socket") }
        let type = try inherited.option(SOL_SOCKET, SO_TYPE)
        guard type == Int32(SOCK_STREAM.rawValue) else { return .refused("it is not a stream socket") }
        guard try inherited.option(SOL_SOCKET, SO_ACCEPTCONN) == 1 else { return .refused("it does not listen") }
        let family = try inherited.option(SOL_SOCKET, SO_DOMAIN)
        guard [AF_INET, AF_INET6, AF_UNIX, AF_VSOCK].contains(family) else {
            return .refused("its address family \(family) is not IPv4, IPv6, unix or vsock")
        }
        let number = inherited.number
        let flags = try attempt { Int(fcntl(number, F_GETFL)) }.orThrow("fcntl")
        _ = try attempt { Int(fcntl(number, F_SETFL, Int32(flags) | O_NONBLOCK)) }.orThrow("fcntl")
        return .listener(try Listener(ready: inherited))
    }

    /// Limits what the kernel keeps for each connection that comes from now on. Left to itself that grows to megabytes for each client that
    /// does not read.
    ///
    /// Connections over TCP inherit it. Those of a unix socket do not, so each gets its own when it is accepted; what clients send there
    /// is charged to them. A virtual machine's have the kernel's own limits. See socket(7), tcp(7), unix(7).
    public mutating func limit(_ buffers: SocketBuffers) throws(SystemError) {
        try descriptor.keep(buffers)
        let family = try descriptor.option(SOL_SOCKET, SO_DOMAIN)
        acceptedSendBytes = family == AF_UNIX ? buffers.sendBytes : nil
    }

    /// What became of a socket that somebody else opened.
    public enum Adoption: ~Copyable {
        case listener(Listener)
        case refused(String)
    }

    /// Accepts the next waiting connection. See accept4(2).
    public borrowing func accept() -> AcceptOutcome {
        var address = sockaddr_storage()
        let number = descriptor.number
        switch attempt({ unsafe Int(clinux_accept(number, &address)) }) {
        case .value(let accepted):
            let socket = FileDescriptor(inherited: Int32(accepted))
            if let acceptedSendBytes { socket.keep(sending: acceptedSendBytes) }
            return .accepted(socket, PeerKey(address))
        case .failure(let code):
            switch code.number {
            case EAGAIN: return .wouldBlock
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted(code)
            // The peer left before it was accepted, or its network did: the next one may be fine. See accept(2), "Error handling".
            case ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH:
                return .peerLeft(code)
            default: return .refused(code)
            }
        }
    }

    private static func listeningSocket(_ family: Int32) throws(SystemError) -> FileDescriptor {
        let descriptor = try FileDescriptor.streamSocket(family)
        try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
        return descriptor
    }

    private static func describe(_ address: sockaddr_storage) -> String {
        unsafe withUnsafeBytes(of: address) { bytes in
            switch Int32(address.ss_family) {
            case AF_INET:
                let inet = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
                return "\(presentation(AF_INET, inet.sin_addr)):\(UInt16(bigEndian: inet.sin_port))"
            case AF_INET6:
                let inet = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
                return "[\(presentation(AF_INET6, inet.sin6_addr))]:\(UInt16(bigEndian: inet.sin6_port))"
            case AF_VSOCK:
                let machine = unsafe bytes.loadUnaligned(as: sockaddr_vm.self)
                let context = machine.svm_cid == anyContext ? "" : "\(machine.svm_cid)"
                return "vsock://\(context):\(machine.svm_port)"
            default:
                let path = unsafe bytes.dropFirst(MemoryLayout<sa_family_t>.size).prefix(107)
                return unsafe "unix:" + String(decoding: path.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
    }

    private static func presentation<Address>(_ family: Int32, _ address: Address) -> String {
        unsafe withUnsafeBytes(of: address) { bytes in
            unsafe String(unsafeUninitializedCapacity: Int(INET6_ADDRSTRLEN)) { text in
                guard let source = bytes.baseAddress, let target = text.baseAddress else { return 0 }
                return unsafe target.withMemoryRebound(to: CChar.self, capacity: text.count) { characters in
                    guard unsafe inet_ntop(family, source, characters, socklen_t(text.count)) != nil else { return 0 }
                    return unsafe strlen(characters)
                }
            }
        }
    }
}

/// What one attempt to accept a connection gave.
public enum AcceptOutcome: ~Copyable {
    case accepted(FileDescriptor, PeerKey)
    case wouldBlock
    /// The connection ended before it was accepted; there may be others.
    case peerLeft(ErrorCode)
    /// The process or the machine has no descriptor or memory left; the connection still waits.
    case exhausted(ErrorCode)
    /// The kernel does not let this program accept, such as by a policy or a filter of system calls; the next attempt may end in
    /// the same way.
    case refused(ErrorCode)
}
