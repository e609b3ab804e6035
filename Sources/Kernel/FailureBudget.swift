/// How often in a row a call may fail that the program cannot do without, such as waiting for events.
///
/// The kernel does not let such a call fail, but what stands in between may: a policy, a tracer, an emulation. What passes is passed
/// over. What stays ends the program, so that it is started anew, instead of having it turn in circles for ever.
public struct FailureBudget: Sendable {
    /// The most failures in a row.
    public static let most = 100

    private var failures = 0

    /// Nothing has failed yet.
    public init() {}

    /// Notes a failure.
    ///
    /// - Throws: the failure, if it is one too many.
    public mutating func spend(_ failure: SystemError) throws(SystemError) {
        failures += 1
        guard failures <= FailureBudget.most else { throw failure }
    }

    /// The call worked: all is well again.
    public mutating func restore() { failures = 0 }
}
