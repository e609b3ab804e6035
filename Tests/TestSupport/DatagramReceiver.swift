import Glibc
import Kernel

/// A unix datagram socket, such as systemd and journald have; it takes messages only when it is asked.
public struct DatagramReceiver: ~Copyable {
    /// A file, or a name in the abstract namespace if it begins with `@`, which leaves no file behind.
    public let path: String
    private let descriptor: FileDescriptor
    private let number: Int32

    /// A receiver with an abstract name of its own.
    public init() throws {
        try self.init(at: "@pyjoules-test-\(getpid())-\(Clock.monotonicNanoseconds())")
    }

    /// A socket that is bound to this path.
    public init(at path: String) throws {
        let number = try checked("socket", socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        let descriptor = FileDescriptor(inherited: number)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = path.hasPrefix("@") ? [0] + Array(path.utf8.dropFirst()) : Array(path.utf8)
        precondition(name.count <= MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, size) }
        }
        try checked("bind", result)
        self.path = path
        self.number = number
        self.descriptor = descriptor
    }

    /// The next message; nil if there is none.
    public borrowing func receive() -> [UInt8]? {
        var message: [UInt8] = []
        var transfer = Transfer.wouldBlock
        message.append(addingCapacity: 262_144) { output in transfer = descriptor.receive(into: &output) }
        if case .wouldBlock = transfer { return nil }
        return message
    }

    /// The next message as text with the descriptor that is attached to it; nil if there is none. See cmsg(3).
    public borrowing func receiveAttached() throws -> (text: String, descriptor: Int32?)? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        // A header of 16 bytes and a descriptor, in words so that it is aligned.
        var control = [UInt64](repeating: 0, count: 3)
        let count = bytes.withUnsafeMutableBytes { content in
            control.withUnsafeMutableBytes { attached in
                var part = iovec(iov_base: content.baseAddress, iov_len: content.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = attached.baseAddress
                    message.msg_controllen = attached.count
                    return recvmsg(number, &message, Int32(MSG_DONTWAIT))
                }
            }
        }
        if count < 0, errno == EAGAIN { return nil }
        try checked("recvmsg", count)
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        let isAttached = control[1] == UInt64(SCM_RIGHTS) << 32 | UInt64(SOL_SOCKET)
        return (text, isAttached ? Int32(truncatingIfNeeded: control[2]) : nil)
    }

    /// The next message as text; nil if there is none.
    public borrowing func receiveText() -> String? {
        receive().map { String(decoding: $0, as: UTF8.self) }
    }
}
