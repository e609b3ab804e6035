import CLinux
import Glibc

/// The signals that a service answers to.
public enum Signal: Sendable {
    /// SIGTERM or SIGINT: end in order.
    case terminate
    /// SIGHUP: read again what can be read again.
    case reload
}

/// A signal by its number. See signal(7).
public struct SignalNumber: RawRepresentable, Hashable, Sendable {
    /// As the kernel gives it.
    public let rawValue: Int32

    /// The signal of a number.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// SIGTERM: asked to end, as service managers do.
    public static let terminate = SignalNumber(rawValue: SIGTERM)
    /// SIGINT: Ctrl-C.
    public static let interrupt = SignalNumber(rawValue: SIGINT)
    /// SIGHUP: the terminal is gone; services read their configuration again.
    public static let hangUp = SignalNumber(rawValue: SIGHUP)
    /// SIGQUIT: Ctrl-\, which asks for a core dump.
    public static let quit = SignalNumber(rawValue: SIGQUIT)
    /// A process that this one started has ended, stopped or gone on.
    public static let childChanged = SignalNumber(rawValue: SIGCHLD)

    /// The exit status by which shells say that a program was ended by this signal.
    public var exitStatus: Int32 { 128 + rawValue }
}

/// A signal that arrived, and whether the kernel itself sent it. What a key on the terminal causes, such as Ctrl-C, comes from
/// the kernel, and to every process of the terminal's foreground group; see si_code in sigaction(2).
public struct ReceivedSignal: Equatable, Sendable {
    /// Which signal it is.
    public let number: SignalNumber
    /// No process sent it.
    public let isFromKernel: Bool
}

/// Signals as readable events instead of handlers, which would need global state. See signalfd(2).
public struct SignalReceiver: ~Copyable {
    /// Readable when a signal has arrived.
    public let descriptor: FileDescriptor
    /// Which signals were blocked before: what a program that is started from here should find, as if we were not there.
    let formerMask: sigset_t

    /// Blocks the signals for the process and receives them here. SIGPIPE and SIGXFSZ are blocked too and never received: a peer
    /// that left, and a file that may grow no more, are learned of from the call, as EPIPE and EFBIG.
    public init(_ numbers: [SignalNumber] = [.terminate, .interrupt, .hangUp]) throws(SystemError) {
        var received = sigset_t()
        _ = unsafe sigemptyset(&received)
        for number in numbers { _ = unsafe sigaddset(&received, number.rawValue) }
        var blocked = received
        _ = unsafe sigaddset(&blocked, SIGPIPE)
        _ = unsafe sigaddset(&blocked, SIGXFSZ)
        var former = sigset_t()
        _ = try attempt { unsafe Int(sigprocmask(SIG_BLOCK, &blocked, &former)) }.orThrow("sigprocmask")
        let created = attempt { unsafe Int(signalfd(-1, &received, Int32(SFD_NONBLOCK) | Int32(SFD_CLOEXEC))) }
        descriptor = FileDescriptor(inherited: Int32(try created.orThrow("signalfd")))
        formerMask = former
    }

    /// The next signal that arrived, as a service sees it, or nothing when there is none.
    public borrowing func takeSignal() throws(SystemError) -> Signal? {
        switch try take()?.number {
        case .none: nil
        case .some(.hangUp): .reload
        case .some: .terminate
        }
    }

    /// The next signal that arrived, or nothing when there is none.
    public borrowing func take() throws(SystemError) -> ReceivedSignal? {
        var information = signalfd_siginfo()
        let number = descriptor.number
        let size = MemoryLayout<signalfd_siginfo>.size
        switch attempt({ unsafe Glibc.read(number, &information, size) }) {
        case .value(let count):
            // A part of a signal would have another number.
            guard count == size else { return nil }
            return ReceivedSignal(
                number: SignalNumber(rawValue: Int32(information.ssi_signo)),
                isFromKernel: information.ssi_code == SI_KERNEL)
        case .failure(let code) where code.number == EAGAIN: return nil
        case .failure(let code): throw SystemError(call: "read(signalfd)", code: code)
        }
    }
}
