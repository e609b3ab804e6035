internal import CCrypt
public import Kernel

/// Compares one password at a time with a bcrypt hash, in a thread that lives as long as the comparison, so that the loop
/// never waits for it.
///
/// When it goes while a thread is at work, it neither waits nor leaks: the thread has a count of its own on the memory and the
/// descriptor that it uses, and is the one to free them.
@safe
public struct PasswordChecker: ~Copyable {
    /// In bytes; a longer password is not compared.
    public static let longestPasswordBytes = Int(CCRYPT_PASSWORD_BYTES)

    /// Readable when there is an answer. If the checker goes while a thread is at work, the thread's duplicate keeps epoll's
    /// entry: there may be one more event before the thread ends.
    public let descriptor: FileDescriptor
    /// A comparison was started whose answer was not taken.
    public private(set) var isBusy = false
    private let job: OpaquePointer

    /// Makes room for a comparison; no thread is started. See eventfd(2).
    public init() throws(SystemError) {
        var number: Int32 = -1
        var code: Int32 = 0
        guard let job = unsafe ccrypt_make(&number, &code) else {
            throw SystemError(call: "eventfd", code: ErrorCode(number: code))
        }
        descriptor = FileDescriptor(inherited: number)
        unsafe self.job = unsafe job
    }

    deinit {
        unsafe ccrypt_release(job)
    }

    /// Starts a comparison and returns at once. False if another is under way, if there can be no thread now, or if the
    /// password cannot be compared: it is too long, or has a NUL, where bcrypt in C would take it to end. See crypt(3).
    public mutating func start(password: Span<UInt8>, hash: borrowing BcryptHash) -> Bool {
        guard !isBusy, PasswordChecker.canCompare(password) else { return false }
        let digits = hash.bytes.span
        isBusy = unsafe password.withUnsafeBytes { password in
            unsafe digits.withUnsafeBytes { digits in
                // Of an empty span there may be no address.
                guard let first = digits.baseAddress else { return false }
                return unsafe ccrypt_start(job, password.baseAddress ?? first, password.count, first)
            }
        }
        return isBusy
    }

    /// Whether the password is the one of the hash; nil if that is not known yet. Never waits.
    public mutating func takeAnswer() -> Bool? {
        let answer = unsafe ccrypt_take(job)
        guard answer >= 0 else { return nil }
        isBusy = false
        return answer == 1
    }

    private static func canCompare(_ password: Span<UInt8>) -> Bool {
        guard password.count <= longestPasswordBytes else { return false }
        for index in password.indices where password[index] == 0 { return false }
        return true
    }
}
