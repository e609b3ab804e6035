import Bytes
import Glibc
import HTTP
import Log
import Logging
import Sampling
import Serving
import Sources
import Systemd
import TestSupport

@testable import Exporter
@testable import Kernel

/// A server in this process, stepped by the test: there is no thread to race.
struct Harness: ~Copyable {
    var server: Server
    private let port: UInt16

    init(intervalMilliseconds: UInt64 = 60_000) throws {
        let configuration = Harness.configuration(intervalMilliseconds)
        let sink = try Harness.sink()
        let log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
        var listeners = Listeners()
        let listener = try Listener(on: .ipv4(text: "127.0.0.1", port: 0))
        let port = UInt16(listener.name.split(separator: ":").last ?? "") ?? 0
        listeners.add(listener)
        var server = try Server(
            configuration, Sampling(Sources(configuration)), listeners, WebPolicy(), nil, try SignalReceiver(),
            try Notifier(socket: nil, watchdogMicroseconds: nil), log, sink)
        try server.start()
        self.server = server
        self.port = port
    }

    /// The part that samples, alone, before its first sample.
    static func measuring() throws -> Measuring {
        let configuration = configuration(60_000)
        let sink = try sink()
        let log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
        return try Measuring(
            Sampling(Sources(configuration)), intervalNanoseconds: configuration.sampleInterval.nanoseconds, log)
    }

    /// Connects a client over TCP; the server has not accepted it yet.
    func connect() throws -> Client {
        Client(socket: try connectedSocket(port: port))
    }

    /// Serves what a client has just sent.
    mutating func serve() throws { try server.turn() }

    private static func configuration(_ intervalMilliseconds: UInt64) -> Configuration {
        var configuration = Configuration()
        configuration.source = .simulated
        configuration.sampleInterval = SampleInterval(nanoseconds: intervalMilliseconds * 1_000_000)
        return configuration
    }

    private static func sink() throws -> LogSink {
        let null = try FileDescriptor.open("/dev/null", O_WRONLY)
        return LogSink(writer: try LineWriter(sharing: null), format: .logfmt)
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
