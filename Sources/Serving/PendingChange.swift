/// When files that change are to be read: a moment after the last change, since a certificate and its key are two files; and where
/// they change all the time, a while after the first.
struct PendingChange {
    /// How long it must have been quiet.
    static let quietNanoseconds: UInt64 = 250_000_000
    /// After so long the files are read as they are; what is wrong with one that is half written is mended by its next change.
    static let longestNanoseconds: UInt64 = 2_000_000_000

    private var firstNanoseconds: UInt64?
    /// When to read, on the monotonic clock; nil if nothing has changed.
    private(set) var dueNanoseconds: UInt64?

    /// Something has changed.
    mutating func note(at now: UInt64) {
        let first = firstNanoseconds ?? now
        firstNanoseconds = first
        dueNanoseconds = min(now + PendingChange.quietNanoseconds, first + PendingChange.longestNanoseconds)
    }

    /// The files are read now.
    mutating func clear() { self = PendingChange() }
}
