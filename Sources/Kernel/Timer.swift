import CLinux
import Glibc

/// A periodic timer on CLOCK_MONOTONIC that epoll can wait for. See timerfd_create(2).
public struct Timer: ~Copyable {
    /// Readable when an interval has ended since `takeExpirations` was called last.
    public let descriptor: FileDescriptor
    /// When the first expiration is due, on CLOCK_MONOTONIC.
    public let firstNanoseconds: UInt64
    /// From one expiration to the next.
    public let intervalNanoseconds: UInt64

    /// Starts a timer whose first expiration is one interval from now.
    public init(intervalNanoseconds: UInt64) throws(SystemError) {
        precondition(intervalNanoseconds > 0)
        let created = attempt { Int(timerfd_create(CLOCK_MONOTONIC, Int32(TFD_NONBLOCK) | Int32(TFD_CLOEXEC))) }
        let descriptor = FileDescriptor(inherited: Int32(try created.orThrow("timerfd_create")))
        let first = Clock.monotonicNanoseconds() + intervalNanoseconds
        var setting = itimerspec(it_interval: timespec(intervalNanoseconds), it_value: timespec(first))
        let number = descriptor.number
        let armed = attempt { unsafe Int(timerfd_settime(number, Int32(TFD_TIMER_ABSTIME), &setting, nil)) }
        _ = try armed.orThrow("timerfd_settime")
        self.descriptor = descriptor
        self.firstNanoseconds = first
        self.intervalNanoseconds = intervalNanoseconds
    }

    /// How many intervals ended since the last call; more than one means that the caller was late. Zero if none did.
    public borrowing func takeExpirations() throws(SystemError) -> UInt64 {
        let number = descriptor.number
        switch attempt({ Int(clinux_expirations(number)) }) {
        case .value(let expirations): return UInt64(expirations)
        case .failure(let code) where code.number == EAGAIN: return 0
        case .failure(let code): throw SystemError(call: "read(timerfd)", code: code)
        }
    }
}

extension timespec {
    init(_ nanoseconds: UInt64) {
        self.init(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}
