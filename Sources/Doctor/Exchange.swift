import Kernel

extension HealthAnswer {
    /// What an exporter on this machine answers to a path; nil if nothing came within a second or two.
    static func asking(_ path: String, at address: SocketAddress) -> HealthAnswer? {
        do {
            var exchange = try Exchange(address, deadlineNanoseconds: Clock.monotonicNanoseconds() + 1_500_000_000)
            return HealthAnswer(
                try exchange.answer(to: "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        } catch {
            return nil
        }
    }
}

/// One request on a connection of its own, and what comes back until the end, a limit or the deadline.
struct Exchange: ~Copyable {
    enum Failure: Error {
        case notConnected(ErrorCode)
        case late
        /// Before anything came; nil if the peer closed in order.
        case ended(ErrorCode?)
        /// Waiting itself went wrong.
        case failed(SystemError)
    }

    /// More than any answer of an exporter to a short question, with the operator's own headers.
    private static let longestAnswer = 131_072

    private let socket: FileDescriptor
    private let epoll: Epoll
    private var batch = EventBatch(capacity: 1)
    private let deadlineNanoseconds: UInt64

    /// The deadline is on the monotonic clock.
    init(_ address: SocketAddress, deadlineNanoseconds: UInt64) throws(Failure) {
        let socket = try Exchange.attempt({ .notConnected($0.code) }) { () throws(SystemError) in
            try FileDescriptor.connecting(to: address)
        }
        let epoll = try Exchange.attempt(Failure.failed) { () throws(SystemError) in try Epoll() }
        try Exchange.attempt(Failure.failed) { () throws(SystemError) in
            try epoll.add(socket, .writable, token: 0)
        }
        self.socket = socket
        self.epoll = epoll
        self.deadlineNanoseconds = deadlineNanoseconds
    }

    /// Sends the request and gives what was answered, at least one byte.
    mutating func answer(to request: String) throws(Failure) -> [UInt8] {
        try connect()
        try send(Array(request.utf8))
        var answer: [UInt8] = []
        while answer.count < Exchange.longestAnswer {
            guard try isReady() else {
                // A whole head says what there is to know.
                guard HealthAnswer(answer).isComplete else { throw .late }
                return answer
            }
            var transfer = Transfer.wouldBlock
            answer.append(addingCapacity: 4096) { output in transfer = socket.receive(into: &output) }
            switch transfer {
            case .bytes, .wouldBlock: continue
            case .endOfFile where answer.isEmpty: throw .ended(nil)
            case .failed(let code) where answer.isEmpty: throw .ended(code)
            case .endOfFile, .failed: return answer
            }
        }
        return answer
    }

    /// Waits for the connection, and from then on for what arrives.
    private mutating func connect() throws(Failure) {
        guard try isReady() else { throw .late }
        let refusal = try Exchange.attempt(Failure.failed) { () throws(SystemError) in
            try epoll.modify(socket, .readable, token: 0)
            return try socket.connectionFailure()
        }
        if let refusal { throw .notConnected(refusal) }
    }

    /// A new connection takes a request this short at once.
    private func send(_ request: [UInt8]) throws(Failure) {
        switch socket.send(request.span, request.span.extracting(0..<0)) {
        case .bytes(request.count): return
        case .failed(let code): throw .ended(code)
        case .bytes, .wouldBlock, .endOfFile: throw .late
        }
    }

    /// Waits for the socket; false if the deadline came first.
    private mutating func isReady() throws(Failure) -> Bool {
        let now = Clock.monotonicNanoseconds()
        guard now < deadlineNanoseconds else { return false }
        let milliseconds = Clock.milliseconds(from: now, until: deadlineNanoseconds)
        do throws(SystemError) {
            try epoll.wait(into: &batch, timeoutMilliseconds: milliseconds)
        } catch {
            throw .failed(error)
        }
        return batch.count > 0
    }

    /// Makes a call of the kernel's; its error becomes one of ours.
    private static func attempt<Value: ~Copyable>(
        _ failure: (SystemError) -> Failure, _ call: () throws(SystemError) -> Value
    ) throws(Failure) -> Value {
        do throws(SystemError) {
            return try call()
        } catch {
            throw failure(error)
        }
    }
}
