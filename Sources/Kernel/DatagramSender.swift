import CLinux
import Glibc

/// Sends single messages to a unix datagram socket by its path and never waits for whoever should read them.
///
/// The address is given with each message, not connected once, so that a receiver that was restarted is found again.
public struct DatagramSender: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    private let path: [CChar]

    /// `path` is a file, or a name in the abstract namespace if it begins with `@`. See unix(7).
    public init(to path: String) throws(SystemError) {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let created = try attempt { Int(socket(AF_UNIX, type, 0)) }.orThrow("socket")
        descriptor = FileDescriptor(inherited: Int32(created))
        self.path = path.utf8.map { CChar(bitPattern: $0) }
    }

    /// Whether somebody receives at a file's path and would take messages from this process. Nothing is sent. See connect(2).
    public static func isServed(_ path: String) -> Bool {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        do throws(SystemError) {
            let created = try attempt { Int(socket(AF_UNIX, type, 0)) }.orThrow("socket")
            let probe = FileDescriptor(inherited: Int32(created))
            if case .value = probe.connect(to: try SocketFile.address(of: path)) { return true }
            return false
        } catch {
            return false
        }
    }

    /// Sends one message; false if the receiver is gone, its queue is full, or the message is too long.
    public borrowing func send(_ message: Span<UInt8>) -> Bool {
        send(message, attaching: -1)
    }

    /// Sends one message with a descriptor, of which the receiver gets a duplicate. See SCM_RIGHTS in unix(7).
    public borrowing func send(_ message: Span<UInt8>, attaching descriptor: borrowing FileDescriptor) -> Bool {
        send(message, attaching: descriptor.number)
    }

    private borrowing func send(_ message: Span<UInt8>, attaching attached: Int32) -> Bool {
        let number = descriptor.number
        let destination = path.span
        let outcome = unsafe message.withUnsafeBytes { bytes in
            unsafe destination.withUnsafeBufferPointer { name in
                guard let source = bytes.baseAddress, let target = name.baseAddress else { return Outcome.value(0) }
                return attempt {
                    unsafe clinux_send_datagram(number, target, name.count, source, bytes.count, attached)
                }
            }
        }
        if case .value = outcome { return true }
        return false
    }
}
