import Glibc

/// A system call that failed in a way its caller has no case for: the call's name and errno.
public struct SystemError: Error, CustomStringConvertible {
    /// The manual page's name of the call, such as `epoll_wait`.
    public let call: StaticString
    /// errno as the call left it.
    public let code: ErrorCode

    /// The failure of a call.
    public init(call: StaticString, code: ErrorCode) {
        self.call = call
        self.code = code
    }

    /// Call and text: `open: No such file or directory`.
    public var description: String { "\(call): \(code)" }
}

/// An errno value. See errno(3).
public struct ErrorCode: Equatable, Sendable, CustomStringConvertible {
    /// As the kernel gives it.
    public let number: Int32

    /// The code of a number.
    public init(number: Int32) {
        self.number = number
    }

    /// EACCES: file permissions or landlock forbid it.
    public static let permissionDenied = ErrorCode(number: EACCES)
    /// EPERM: a privilege is missing.
    public static let operationNotPermitted = ErrorCode(number: EPERM)
    /// ENOENT: there is no such file.
    public static let notFound = ErrorCode(number: ENOENT)
    /// ENOTDIR: a part of the path is no directory.
    public static let notADirectory = ErrorCode(number: ENOTDIR)
    /// EAGAIN: it would have to wait, such as for a lock that somebody else holds.
    public static let wouldBlock = ErrorCode(number: EAGAIN)
    /// EINVAL: the kernel does not take an argument.
    public static let invalidArgument = ErrorCode(number: EINVAL)
    /// ENODEV: there is no such device.
    public static let noDevice = ErrorCode(number: ENODEV)
    /// ENODATA: there is nothing to read now, as of a sensor that is switched off.
    public static let noData = ErrorCode(number: ENODATA)
    /// EIO: the device did not answer.
    public static let inputOutput = ErrorCode(number: EIO)
    /// ENOSYS: this kernel does not have the call.
    public static let notImplemented = ErrorCode(number: ENOSYS)
    /// EOPNOTSUPP: the kernel has it, but not for this.
    public static let notSupported = ErrorCode(number: EOPNOTSUPP)
    /// ENOTSOCK: what has the name is no socket.
    public static let notASocket = ErrorCode(number: ENOTSOCK)
    /// ECONNREFUSED: nobody listens there.
    public static let connectionRefused = ErrorCode(number: ECONNREFUSED)
    /// ENOSPC: the disk, or what may be used of it, is full.
    public static let noSpace = ErrorCode(number: ENOSPC)
    /// EROFS: the file system can only be read.
    public static let readOnlyFileSystem = ErrorCode(number: EROFS)
    /// ELOOP: a link, where none is followed.
    public static let tooManyLinks = ErrorCode(number: ELOOP)
    /// ENAMETOOLONG: a path is longer than the kernel takes.
    public static let nameTooLong = ErrorCode(number: ENAMETOOLONG)
    /// ENXIO: there is no such device, or nobody reads from a pipe that is to be written without waiting.
    public static let noDeviceOrReader = ErrorCode(number: ENXIO)
    /// EPIPE: nobody reads from the pipe any more.
    public static let brokenPipe = ErrorCode(number: EPIPE)
    /// No number of the kernel's: what has the name of a file is none that can be read and written at any place.
    public static let notRegularFile = ErrorCode(number: Int32.min)
    /// EADDRINUSE: somebody listens there already.
    public static let addressInUse = ErrorCode(number: EADDRINUSE)
    /// EAFNOSUPPORT: this kernel does not have the address family.
    public static let addressFamilyNotSupported = ErrorCode(number: EAFNOSUPPORT)

    /// The C library's text for the number. See strerror(3).
    public var description: String {
        if self == .notRegularFile { return "not a regular file" }
        var text = InlineArray<128, CChar>(repeating: 0)
        var span = text.mutableSpan
        return unsafe span.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, unsafe strerror_r(number, base, buffer.count) == 0 else {
                return "error \(number)"
            }
            return unsafe String(cString: base)
        }
    }
}

/// What one system call gave: a value of zero or more, or errno.
enum Outcome {
    case value(Int)
    case failure(ErrorCode)

    /// The value, or the failure as an error of the named call.
    @inline(__always)
    func orThrow(_ call: StaticString) throws(SystemError) -> Int {
        switch self {
        case .value(let value): return value
        case .failure(let code): throw SystemError(call: call, code: code)
        }
    }
}

/// Makes a system call, again as long as a signal interrupts it. The only place that reads errno.
///
/// EBADF and EFAULT mean that this program mixed up its own descriptors or memory: they trap.
@inline(__always)
func attempt(_ call: () -> Int) -> Outcome {
    while true {
        let value = call()
        if value >= 0 { return .value(value) }
        let code = errno
        if code == EINTR { continue }
        precondition(code != EBADF && code != EFAULT)
        return .failure(ErrorCode(number: code))
    }
}

/// errno after a library call that reports failure by a null pointer.
func lastError() -> ErrorCode {
    ErrorCode(number: errno)
}
