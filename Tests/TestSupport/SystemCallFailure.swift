import Glibc

/// A system call of a test's own preparations that failed.
public struct SystemCallFailure: Error, CustomStringConvertible {
    public let call: String
    public let code: Int32

    /// Takes the code from errno.
    public init(call: String) {
        self.call = call
        code = errno
    }

    public var description: String { "\(call): errno \(code)" }
}

/// Passes on what a system call gave, or throws if that is -1.
@discardableResult
public func checked<Value: SignedInteger>(_ call: String, _ value: Value) throws(SystemCallFailure) -> Value {
    guard value >= 0 else { throw SystemCallFailure(call: call) }
    return value
}
