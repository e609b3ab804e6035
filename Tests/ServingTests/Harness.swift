import Bytes
import Glibc
import HTTP
import Log
import Logging
import TestSupport
import WebConfig

@testable import Kernel
@testable import Serving

/// Serving in this process, stepped by the test: there is no thread to race.
struct Harness: ~Copyable {
    var serving: Serving
    var content: StubContent
    private let epoll: Epoll
    private var batch = EventBatch(capacity: 256)
    private let port: UInt16
    private var turnNanoseconds: UInt64 = 0
    /// What responses say in their Date.
    var unixSeconds: UInt64

    init(
        maximumConnections: Int = 8, listening: Bool = false, pageBytes: Int = 20_000, configuration: String? = nil,
        servesStream: Bool = true, unixSeconds: UInt64 = 784_111_777
    )
        throws
    {
        let null = try FileDescriptor.open("/dev/null", O_WRONLY)
        let sink = LogSink(writer: try LineWriter(sharing: null), format: .logfmt)
        let log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
        var port: UInt16 = 0
        var listeners = Listeners()
        if listening {
            let listener = try Listener(on: .ipv4(text: "127.0.0.1", port: 0))
            port = UInt16(listener.name.split(separator: ":").last ?? "") ?? 0
            listeners.add(listener)
        }
        let epoll = try Epoll()
        var policy = WebPolicy()
        if let configuration {
            let text = Array(configuration.utf8)
            try policy.apply(
                try WebConfiguration(yaml: text.span, directory: ".", credentialsDirectory: nil), over: nil)
        }
        let buffers = SocketBuffers(connections: maximumConnections, pageBytes: pageBytes, memoryBytes: 64 << 20)
        var serving = try Serving(
            listeners, policy, nil, maximumConnections: maximumConnections, buffers: buffers,
            paths: ServicePaths(
                telemetry: "/metrics", json: "/json", stream: "/stream", servesStream: servesStream),
            contentPolicy: "default-src 'none'", run: 0x52,
            log)
        try serving.start(epoll, unixSeconds: unixSeconds)
        self.unixSeconds = unixSeconds
        self.serving = serving
        self.epoll = epoll
        self.port = port
        content = StubContent(bytes: pageBytes)
    }

    var counters: ServingCounters { serving.facts.counters }
    var connections: Int { serving.facts.connections }
    /// Whether listeners rest, as long as there is no connection and no end.
    var listenersRest: Bool { mutating get { serving.waitMilliseconds() != nil } }

    /// Connects a client through a socket pair, as if it had been accepted from the IPv4 address of this number.
    mutating func connect(from address: UInt32 = 0) throws -> Client {
        let pair = try FileDescriptor.connectedPair()
        return try pair.split { mine, servers in
            try serving.admit(servers, peer(address), &content, epoll, at: Clock.monotonicNanoseconds())
            return Client(socket: mine)
        }
    }

    /// Connects a client over TCP to the listener; it is not accepted yet.
    func connectOverTCP() throws -> Client {
        Client(socket: try connectedSocket(port: port))
    }

    /// Steps so often that everything that was sent is served.
    mutating func serve(turns: Int = 4) throws {
        for _ in 0..<turns where hasEvents() { try turn() }
    }

    /// All that comes after a request.
    mutating func answer(_ client: borrowing Client, _ request: String = scrape) throws -> String {
        client.send(request)
        var answer = ""
        var received = ""
        repeat {
            try serve()
            received = client.receiveAll()
            answer += received
        } while !received.isEmpty
        return answer
    }

    mutating func turn() throws {
        try epoll.wait(into: &batch, timeoutMilliseconds: 0)
        beginTurn()
        for index in 0..<batch.count {
            guard let token = Token(word: batch[token: index]) else { continue }
            dispatch(token)
        }
        while try step() {}
        try endTurn(at: Clock.monotonicNanoseconds())
    }

    mutating func dispatch(_ token: Token) {
        let now = Clock.monotonicNanoseconds()
        switch token.kind {
        case .listener, .connection: note(token)
        case .passwordCheck: serving.finishCheck(&content, epoll, at: now)
        case .timer, .signals, .files: break
        }
    }

    /// Begins a turn at a moment, at which its clock stands still until it ends: it takes as long as it takes.
    mutating func beginTurn(at now: UInt64 = Clock.monotonicNanoseconds()) {
        turnNanoseconds = now
        serving.beginTurn(unixSeconds: unixSeconds, at: now)
    }

    /// What a token means is ready in this turn.
    mutating func note(_ token: Token) { serving.note(token, at: turnNanoseconds) }

    /// Serves one of those that are ready, so long after the turn began; false if the turn is over.
    mutating func step(after nanoseconds: UInt64 = 0) throws -> Bool {
        try serving.step(&content, epoll, at: turnNanoseconds + nanoseconds)
    }

    /// Ends a turn at a moment; deadlines are looked at once a second.
    mutating func endTurn(at now: UInt64) throws {
        try serving.endTurn(&content, epoll, at: now)
    }

    /// Something happens that streams tell.
    mutating func publishFrame(at now: UInt64 = Clock.monotonicNanoseconds()) {
        content.frame += 1
        serving.publishFrame(&content, epoll, at: now)
    }

    mutating func reload() throws { try serving.reload(epoll, at: Clock.monotonicNanoseconds()) }

    mutating func drain() throws {
        try serving.drain(&content, epoll, at: Clock.monotonicNanoseconds())
    }

    var isFinished: Bool { mutating get { serving.isFinished(at: Clock.monotonicNanoseconds()) } }

    private func hasEvents() -> Bool {
        var query = pollfd(fd: epoll.descriptor.number, events: Int16(POLLIN), revents: 0)
        return poll(&query, 1, 0) == 1
    }
}

/// Pages of so many bytes that name their generation on each line.
struct StubContent: ~Copyable, Publisher {
    var generation: UInt64 = 1
    var isReady = true
    let bytes: Int
    /// How many documents were written.
    private(set) var written = 0
    /// A selection of all that there is.
    static let everything = 5

    init(bytes: Int) { self.bytes = bytes }

    /// How many frames were written, and how long each is.
    var frame: UInt64 = 0
    var frameBytes = 64

    mutating func writeFrame(into frame: inout ByteBuffer) {
        frame.append("{\"sequence\":\(self.frame)")
        for _ in frame.count..<(frameBytes - 2) { frame.append(" ") }
        frame.append("}\n")
    }

    mutating func refresh(_ facts: ServingFacts, at now: UInt64) -> UInt64 { generation }
    func standingGeneration(at now: UInt64) -> UInt64? { generation }
    func select(_ name: Span<UInt8>, into selection: inout Int?) { selection = (selection ?? 0) + 1 }
    func key(_ selection: Int) -> UInt128? { selection == StubContent.everything ? nil : UInt128(selection) }
    func pageBytes(_ document: Document) -> Int { bytes }
    func longestPageBytes(_ document: Document) -> Int { bytes * 2 }

    mutating func write(_ document: Document, selecting selection: Int?, into page: inout ByteBuffer) {
        written += 1
        switch document {
        case .metrics: break
        case .json(let withHistory): return page.append("{\"generation\":\(generation),\"history\":\(withHistory)}\n")
        case .page: return page.append("<p>generation \(generation)</p>\n")
        }
        if let selection { return page.append("selected \(selection) of generation \(generation)\n") }
        var line = ByteBuffer(capacity: 64)
        line.append("generation \(generation)\n")
        while page.count + line.count + lastLine.utf8.count <= bytes { line.withBytes { page.append($0) } }
        page.append(lastLine)
    }
}

/// What every page ends with.
let lastLine = "end of the page\n"
