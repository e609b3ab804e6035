import CTLSClient
import Glibc
import Kernel
import TLS

/// Plays a client that has its session and does what the bytes say: writes, asks for new keys, renegotiates, sends what is no
/// record at all, leaves. Nothing that the server receives may be other than what the client wrote, in its order.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTLSRecords(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    do {
        var play = try Play.begin(version: first & 1 == 0 ? 13 : 12, shakesHands: first & 2 == 0)
        play.perform(input.dropFirst())
    } catch {
        preconditionFailure("\(error)")
    }
    return 0
}

private struct Unplayed: Error {
    let what: String
}

private struct Play: ~Copyable {
    private var server: TLSSession
    private let client: Client
    private let socket: FileDescriptor
    private var isEstablished = false
    private var isBlocked = false
    private var written = 0
    private var received = 0

    static func begin(version: Int32, shakesHands: Bool) throws -> Play {
        var numbers: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &numbers) == 0,
            let socket = FileDescriptor(announced: numbers[0])
        else { throw Unplayed(what: "no sockets") }
        let client = try Client(on: numbers[1], version: version)
        let context = try TLSContext(
            TLSSettings(), certificate: Array(certificate.utf8), key: Array(key.utf8), clientAuthorities: nil)
        var play = Play(server: try context.accept(on: socket, pieceBytes: 65_536), client: client, socket: socket)
        play.shakeHands(times: shakesHands ? 10 : 1)
        if shakesHands && !play.isEstablished { throw Unplayed(what: "no handshake") }
        return play
    }

    private init(server: consuming TLSSession, client: consuming Client, socket: consuming FileDescriptor) {
        self.server = server
        self.client = client
        self.socket = socket
    }

    private mutating func shakeHands(times: Int) {
        for _ in 0..<times where !isEstablished {
            let result = tls_client_handshake(client.handle)
            isEstablished = server.handshake() == .done && result == TLS_CLIENT_DONE
        }
    }

    mutating func perform(_ input: ArraySlice<UInt8>) {
        var rest = input
        for _ in 0..<200 {
            guard let action = rest.popFirst(), let argument = rest.popFirst() else { return }
            switch action % 9 {
            case 0: write(Int(argument) * (action >= 128 ? 200 : 1))
            case 1 where isEstablished: _ = tls_client_update_keys(client.handle, argument & 1 == 0)
            case 2 where isEstablished: _ = tls_client_renegotiate(client.handle)
            case 3:
                client.sendRaw(Array(rest.prefix(Int(argument))))
                rest = rest.dropFirst(Int(argument))
            case 4: receive(Int(argument) + 1)
            case 5 where isEstablished: send(Int(argument))
            case 6 where isEstablished: client.read()
            case 7: tls_client_close(client.handle)
            case 8: client.endSending()
            default: break
            }
        }
    }

    /// What the client writes counts up, so that each byte is known by its place.
    private mutating func write(_ count: Int) {
        guard isEstablished, !isBlocked, count > 0 else { return }
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: (written + $0) % 251) }
        var taken = 0
        // A write that was cut short must be repeated as it was: then nothing more is written.
        isBlocked = tls_client_write(client.handle, bytes, bytes.count, &taken) != TLS_CLIENT_DONE
        written += isBlocked ? bytes.count : taken
    }

    private mutating func receive(_ capacity: Int) {
        guard isEstablished else {
            _ = server.handshake()
            return
        }
        var bytes: [UInt8] = []
        var transfer = TLSTransfer.wantsRead
        bytes.append(addingCapacity: capacity) { output in transfer = server.receive(into: &output) }
        if case .bytes(let count) = transfer { precondition(count == bytes.count && count > 0) }
        for byte in bytes {
            precondition(byte == UInt8(truncatingIfNeeded: received % 251))
            received += 1
        }
        precondition(received <= written)
    }

    private mutating func send(_ count: Int) {
        let bytes = [UInt8](repeating: 7, count: count)
        let nothing: [UInt8] = []
        if case .bytes(let taken) = server.send(bytes.span, nothing.span) { precondition(taken <= count) }
    }
}

/// The other end, and its socket.
private struct Client: ~Copyable {
    let handle: OpaquePointer
    private let socket: Int32

    init(on socket: Int32, version: Int32) throws {
        var options = tls_client_options()
        options.version = version
        guard let handle = tls_client_new(socket, options) else { throw Unplayed(what: "no client") }
        self.handle = handle
        self.socket = socket
    }

    deinit {
        tls_client_free(handle)
        close(socket)
    }

    /// Sends what is no record of the session.
    func sendRaw(_ bytes: [UInt8]) {
        _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    func endSending() { _ = shutdown(socket, Int32(SHUT_WR)) }

    func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var count = 0
        _ = tls_client_read(handle, &buffer, buffer.count, &count)
    }
}

/// A key that is nobody's, and a certificate of it until 2126.
private let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNJMcMumma16IlJkT
    MSXyZUus0soCd0qc2dymlUh9wOChRANCAARqk54rqnkET87qNdKhiwHfbN9/1VyL
    dy4dDyKAfP+xosOCTNNEPVt7G1pY2LssxAnF50E0oDNzUVBzj3pgx9h6
    -----END PRIVATE KEY-----
    """

private let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBfzCCASWgAwIBAgIUcv0kMXyMBvAj/3R9PQ2g7+2RmDgwCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzIzMDMwNloYDzIxMjYxMTAz
    MjMwMzA2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAARqk54rqnkET87qNdKhiwHfbN9/1VyLdy4dDyKAfP+xosOCTNNEPVt7
    G1pY2LssxAnF50E0oDNzUVBzj3pgx9h6o1MwUTAdBgNVHQ4EFgQUdC8at4N8ByOg
    f2E1WVzFKVABpbAwHwYDVR0jBBgwFoAUdC8at4N8ByOgf2E1WVzFKVABpbAwDwYD
    VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBfj09QbHBn3nhp7j7U1O6P
    XO86o3SUkgH9d7PlwPsVAQIhAMRZrcjoYY7L9uanLlQFbAE/N6ONpW5jeskchtgf
    zLjY
    -----END CERTIFICATE-----
    """
