import CSystemd
public import Kernel

/// Tells the service manager how this service is: ready, reloading, alive, stopping. See sd_notify(3).
///
/// The messages go out by our own datagram socket and not by `sd_notify`, which waits when the manager's queue is full and
/// opens a socket for each message: the loop that samples must not wait for anybody, and the watchdog is fed from it.
public struct Notifier: ~Copyable {
    private let sender: DatagramSender?
    /// Within this time a sign of life is expected; nil if there is no watchdog. See sd_watchdog_enabled(3).
    public let watchdogNanoseconds: UInt64?

    /// Takes the manager's socket from `NOTIFY_SOCKET` and the watchdog's time from `WATCHDOG_USEC` and `WATCHDOG_PID`.
    public init() throws(SystemError) {
        var microseconds: UInt64 = 0
        let isWatched = unsafe sd_watchdog_enabled(0, &microseconds) > 0
        try self.init(
            socket: Process.environment("NOTIFY_SOCKET"), watchdogMicroseconds: isWatched ? microseconds : nil)
    }

    /// `socket` is a path, or a name in the abstract namespace if it begins with `@`; nil if nobody is to be told.
    public init(socket: String?, watchdogMicroseconds: UInt64?) throws(SystemError) {
        if let socket {
            sender = try DatagramSender(to: socket)
        } else {
            sender = nil
        }
        watchdogNanoseconds = watchdogMicroseconds.map { microseconds in
            let (nanoseconds, overflows) = microseconds.multipliedReportingOverflow(by: 1000)
            return overflows ? UInt64.max : nanoseconds
        }
    }

    /// Somebody wants to be told.
    public var isConnected: Bool { sender != nil }

    /// Hands a descriptor to the manager, which keeps it over restarts of the service and gives it back under the same name.
    /// False if there is nobody to hand it to. See sd_pid_notify_with_fds(3), FileDescriptorStoreMax= in systemd.service(5).
    public borrowing func store(_ descriptor: borrowing FileDescriptor, name: String) -> Bool {
        let message = Array("FDSTORE=1\nFDNAME=\(name)\n".utf8)
        return sender?.send(message.span, attaching: descriptor) ?? false
    }

    /// Lets the manager close what it keeps under a name. See FDSTOREREMOVE= in sd_notify(3).
    public borrowing func forget(name: String) {
        let message = Array("FDSTOREREMOVE=1\nFDNAME=\(name)\n".utf8)
        send(message.span)
    }

    /// Sends assignments, each ended by a line feed. What cannot be delivered at once is lost, as sd_notify(3) advises.
    public borrowing func send(_ message: Span<UInt8>) {
        _ = sender?.send(message)
    }
}
