import CLinux
import Glibc

/// How a process ended.
public enum ProcessEnd: Equatable, Sendable {
    case exited(status: Int32)
    case killed(by: SignalNumber)

    /// What wait(2) told.
    init(waitStatus: Int32) {
        // WIFEXITED, WEXITSTATUS and WTERMSIG are macros that do not import.
        let signal = waitStatus & 0x7F
        self = signal == 0 ? .exited(status: waitStatus >> 8 & 0xFF) : .killed(by: SignalNumber(rawValue: signal))
    }

    /// The status by which a shell would pass it on.
    public var exitStatus: Int32 {
        switch self {
        case .exited(let status): status
        case .killed(let signal): signal.exitStatus
        }
    }
}

/// A program that this process started and waits for. It has our standard input, output and error, our environment, and
/// of our signals what we had before we blocked any, so that it runs as if it had been started in our place.
///
/// The signal `childChanged` tells that it may have ended, so the receiver must take that one.
public struct ChildProcess: ~Copyable {
    private let identifier: pid_t

    /// Starts the program that the first word names, looked up in PATH as execvp(3) does it. An error says why it could not
    /// be executed; then nothing was started. See posix_spawn(3).
    public init(
        starting arguments: borrowing ArgumentVector, signals: borrowing SignalReceiver
    ) throws(SystemError) {
        // Inherited as ignored, it would make the kernel forget how a child ended. See wait(2).
        _ = signal(SIGCHLD, SIG_DFL)
        var attributes = posix_spawnattr_t()
        _ = unsafe posix_spawnattr_init(&attributes)
        defer { _ = unsafe posix_spawnattr_destroy(&attributes) }
        var mask = signals.formerMask
        _ = unsafe posix_spawnattr_setsigmask(&attributes, &mask)
        _ = unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        var identifier: pid_t = 0
        let words = unsafe arguments.words
        guard let name = unsafe words[0] else {
            throw SystemError(call: "posix_spawnp", code: ErrorCode(number: ENOENT))
        }
        let code = unsafe posix_spawnp(&identifier, name, nil, &attributes, words, environ)
        guard code == 0 else { throw SystemError(call: "posix_spawnp", code: ErrorCode(number: code)) }
        self.identifier = identifier
    }

    /// The same, as a member of a control group from before its first instruction on.
    ///
    /// An error `isOfJoining` if it could not become one.
    public init(
        starting arguments: borrowing ArgumentVector, signals: borrowing SignalReceiver,
        in group: borrowing ControlGroup
    ) throws(SystemError) {
        _ = signal(SIGCHLD, SIG_DFL)
        var mask = signals.formerMask
        var joined: Int32 = 0
        let child = unsafe clinux_spawn_member(arguments.words, &mask, group.members.number, &joined)
        guard child > 0 else {
            throw SystemError(call: joined == 0 ? ControlGroup.joining : "execvp", code: lastError())
        }
        identifier = child
    }

    /// Whether it is in our process group, so that what a key on the terminal sends to us was sent to it as well.
    public var sharesProcessGroup: Bool { getpgid(identifier) == getpgrp() }

    /// Sends it a signal; nothing happens if it has ended. See kill(2).
    public borrowing func send(_ signal: SignalNumber) {
        _ = kill(identifier, signal.rawValue)
    }

    /// How it ended, if it has. To be called no more once it has told. See waitpid(2).
    public borrowing func takeEnd() throws(SystemError) -> ProcessEnd? {
        var status: Int32 = 0
        let number = identifier
        let changed = try attempt { unsafe Int(waitpid(number, &status, WNOHANG)) }.orThrow("waitpid")
        return changed == 0 ? nil : ProcessEnd(waitStatus: status)
    }
}
