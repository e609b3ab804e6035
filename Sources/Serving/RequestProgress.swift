import Bytes
import HTTP

/// How far a connection's next request has come.
struct RequestProgress {
    /// How many bytes the parser has seen and called incomplete.
    private var parsedCount = 0
    /// Bytes of the last request's body that are still to be thrown away.
    private var bodyRemaining = 0
    /// Its place among the requests that wait for a check went to another.
    private(set) var isDisplaced = false
    /// It was counted by the rate limit, and is not counted again when it is looked at once more.
    private(set) var isRateCounted = false
    /// When its first byte arrived; nil between two requests.
    private(set) var startNanoseconds: UInt64?

    /// The next request is at the beginning of the buffer, and is looked at as any other.
    var isAtBeginning: Bool { bodyRemaining == 0 && !isDisplaced }

    /// The next request in the buffer, after what is left of the last one's body; the recent head may be any client's.
    mutating func next(in input: inout ByteBuffer, _ recent: inout RecentHead) -> ParseResult {
        let skipped = min(bodyRemaining, input.count)
        if skipped > 0 {
            input.removeFirst(skipped)
            bodyRemaining -= skipped
        }
        guard !input.isEmpty else { return .incomplete }
        return input.withBytes { recent.parse($0, previousCount: parsedCount) }
    }

    /// It is looked at again from the beginning, in a later turn.
    mutating func postpone() { parsedCount = 0 }

    mutating func displace() { isDisplaced = true }
    mutating func countForRate() { isRateCounted = true }

    /// It was answered, or is about to be: the next byte begins another.
    mutating func complete(bodyLength: Int) {
        self = RequestProgress()
        bodyRemaining = bodyLength
    }

    /// So many bytes are here and make no whole request.
    mutating func isIncomplete(_ count: Int, at now: UInt64) {
        parsedCount = count
        startNanoseconds = count > 0 || bodyRemaining > 0 ? startNanoseconds ?? now : nil
    }
}
