import Bytes
import Glibc
import HTTP
import Logging
import Sampling
import Sources
import Systemd

@testable import Exporter
@testable import Kernel

/// A server in this process, stepped by the test: there is no thread to race.
struct Harness: ~Copyable {
    var server: Server

    init(
        maximumConnections: Int = 8, intervalMilliseconds: UInt64 = 60_000, listening: Bool = false,
        writer: consuming LineWriter? = nil
    ) throws {
        var configuration = Configuration()
        configuration.source = .simulated
        configuration.maximumConnections = maximumConnections
        configuration.sampleInterval = SampleInterval(nanoseconds: intervalMilliseconds * 1_000_000)
        let sink = LogSink(writer: try writer ?? Harness.nullWriter(), format: .logfmt)
        let log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
        var listeners = Listeners()
        if listening { listeners.add(try Listener(on: .ipv4(text: "127.0.0.1", port: 0))) }
        let sampling = Sampling(Sources(configuration))
        var server = try Server(
            configuration: configuration, sampling: sampling, listeners: listeners,
            web: WebPolicy(), webFile: nil, signals: try SignalReceiver(),
            notifier: try Notifier(socket: nil, watchdogMicroseconds: nil), log: log, sink: sink)
        try server.start()
        self.server = server
    }

    /// Connects a client through a socket pair, as if it had been accepted.
    mutating func connect() throws -> Client {
        let pair = try FileDescriptor.connectedPair()
        return try pair.split { mine, servers in
            try server.admit(servers, PeerKey(sockaddr_storage()))
            return Client(socket: mine)
        }
    }

    /// Connects a client over TCP to the first listener; the server has not accepted it yet.
    func connectOverTCP() throws -> Client {
        var port: UInt16 = 0
        switch server.listeners[0] {
        case .some(let listener): port = UInt16(listener.name.split(separator: ":").last ?? "") ?? 0
        case .none: break
        }
        return Client(socket: try connectedSocket(port: port))
    }

    /// Steps the server so often that everything that was sent is served.
    mutating func serve(turns: Int = 4) throws {
        for _ in 0..<turns where try hasEvents() { try server.turn() }
    }

    private func hasEvents() throws -> Bool {
        var query = pollfd(fd: server.epoll.descriptor.number, events: Int16(POLLIN), revents: 0)
        return poll(&query, 1, 0) == 1
    }

    private static func nullWriter() throws -> LineWriter {
        let null = try FileDescriptor.open("/dev/null", O_WRONLY)
        return try LineWriter(sharing: null)
    }
}

/// The other end of a connection.
struct Client: ~Copyable {
    let socket: FileDescriptor

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = socket.send(bytes.span, bytes.span.extracting(0..<0))
    }

    /// Everything that can be received now.
    func receiveAll() -> String {
        var text: [UInt8] = []
        while case .bytes = receive(into: &text) {}
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether the server has closed.
    func isClosed() -> Bool {
        var text: [UInt8] = []
        while true {
            switch receive(into: &text) {
            case .bytes: continue
            case .wouldBlock: return false
            case .endOfFile, .failed: return true
            }
        }
    }

    private func receive(into text: inout [UInt8]) -> Transfer {
        var transfer = Transfer.wouldBlock
        text.append(addingCapacity: 65_536) { output in transfer = socket.receive(into: &output) }
        return transfer
    }
}

/// A TCP connection to this machine; sends and receives never wait once it stands.
func connectedSocket(port: UInt16) throws -> FileDescriptor {
    let descriptor = FileDescriptor(inherited: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor.number, $0, size) }
    }
    guard result == 0 else { throw SystemError(call: "connect", code: ErrorCode(number: errno)) }
    return descriptor
}

/// A request that every test can send.
let scrape = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
let healthy = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"

/// What every metrics page ends with, but for a number.
let lastFamily = "\n# TYPE process_threads gauge\nprocess_threads "

extension String {
    /// How often a text occurs in it.
    func count(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
