import CLinux
import Glibc

/// The signals that a service answers to.
public enum Signal: Sendable {
    /// SIGTERM or SIGINT: end in order.
    case terminate
    /// SIGHUP: read again what can be read again.
    case reload
}

/// Signals as readable events instead of handlers, which would need global state. See signalfd(2).
public struct SignalReceiver: ~Copyable {
    public let descriptor: FileDescriptor

    /// Blocks SIGTERM, SIGINT and SIGHUP for the process and receives them here. SIGPIPE is blocked too and never
    /// received: a peer that left is learned of from `write`, as EPIPE.
    public init() throws(SystemError) {
        var received = sigset_t()
        _ = unsafe sigemptyset(&received)
        for signal in [SIGTERM, SIGINT, SIGHUP] { _ = unsafe sigaddset(&received, signal) }
        var blocked = received
        _ = unsafe sigaddset(&blocked, SIGPIPE)
        _ = try attempt { unsafe Int(sigprocmask(SIG_BLOCK, &blocked, nil)) }.orThrow("sigprocmask")
        let created = attempt { unsafe Int(signalfd(-1, &received, Int32(SFD_NONBLOCK) | Int32(SFD_CLOEXEC))) }
        descriptor = FileDescriptor(inherited: Int32(try created.orThrow("signalfd")))
    }

    /// The next signal that arrived, or nothing when there is none.
    public borrowing func takeSignal() throws(SystemError) -> Signal? {
        var information = signalfd_siginfo()
        let number = descriptor.number
        switch attempt({ unsafe Glibc.read(number, &information, MemoryLayout<signalfd_siginfo>.size) }) {
        case .value: return Int32(information.ssi_signo) == SIGHUP ? .reload : .terminate
        case .failure(let code) where code.number == EAGAIN: return nil
        case .failure(let code): throw SystemError(call: "read(signalfd)", code: code)
        }
    }
}
