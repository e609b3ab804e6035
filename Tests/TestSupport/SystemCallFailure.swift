import Glibc

/// A system call of a test's own preparations that failed.
public struct SystemCallFailure: Error, CustomStringConvertible {
    /// The name of the call.
    public let call: String
    /// Its errno.
    public let code: Int32

    /// Takes the code from errno.
    public init(call: String) {
        self.call = call
        code = errno
    }

    /// For the report of a failed test: `open: errno 2`.
    public var description: String { "\(call): errno \(code)" }
}

/// Passes on what a system call gave, or throws if that is -1.
@discardableResult
public func checked<Value: SignedInteger>(_ call: String, _ value: Value) throws(SystemCallFailure) -> Value {
    guard value >= 0 else { throw SystemCallFailure(call: call) }
    return value
}
