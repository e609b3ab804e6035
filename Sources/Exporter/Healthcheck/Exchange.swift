import Kernel

/// One request on a connection of its own, and what comes back until the end, a limit or the deadline.
struct Exchange: ~Copyable {
    enum Failure: Error {
        case late
        case notConnected(ErrorCode)
        /// Before anything came; nil if the peer closed in order.
        case ended(ErrorCode?)
    }

    /// More than any answer of an exporter to these questions, with the operator's own headers.
    private static let longestAnswer = 32_768

    private let socket: FileDescriptor
    private let epoll: Epoll
    private var batch = EventBatch(capacity: 1)
    private let deadlineNanoseconds: UInt64

    init(_ address: SocketAddress, deadlineNanoseconds: UInt64) throws {
        let socket = try FileDescriptor.connecting(to: address)
        let epoll = try Epoll()
        try epoll.add(socket, .writable, token: 0)
        self.socket = socket
        self.epoll = epoll
        self.deadlineNanoseconds = deadlineNanoseconds
    }

    /// Sends the request and gives what was answered, at least one byte.
    mutating func answer(to request: String) throws -> [UInt8] {
        guard try isReady() else { throw Failure.late }
        if let code = try socket.connectionFailure() { throw Failure.notConnected(code) }
        try send(Array(request.utf8))
        try epoll.modify(socket, .readable, token: 0)
        var answer: [UInt8] = []
        while answer.count < Exchange.longestAnswer {
            guard try isReady() else {
                // A whole head says what there is to know.
                if HealthAnswer(answer).isComplete { return answer }
                throw Failure.late
            }
            var transfer = Transfer.wouldBlock
            answer.append(addingCapacity: 4096) { output in transfer = socket.receive(into: &output) }
            switch transfer {
            case .bytes, .wouldBlock: continue
            case .endOfFile where answer.isEmpty: throw Failure.ended(nil)
            case .failed(let code) where answer.isEmpty: throw Failure.ended(code)
            case .endOfFile, .failed: return answer
            }
        }
        return answer
    }

    /// A new connection takes a request this short at once.
    private func send(_ request: [UInt8]) throws(Failure) {
        switch socket.send(request.span, request.span.extracting(0..<0)) {
        case .bytes(request.count): return
        case .failed(let code): throw Failure.ended(code)
        case .bytes, .wouldBlock, .endOfFile: throw Failure.late
        }
    }

    /// Waits for the socket; false if the deadline came first.
    private mutating func isReady() throws(SystemError) -> Bool {
        let now = Clock.monotonicNanoseconds()
        guard now < deadlineNanoseconds else { return false }
        // Rounded up, or the last part of a millisecond would be spent spinning.
        let milliseconds = (deadlineNanoseconds - now + 999_999) / 1_000_000
        try epoll.wait(into: &batch, timeoutMilliseconds: Int32(milliseconds))
        return batch.count > 0
    }
}
