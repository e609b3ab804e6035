import CTLSClient
import Kernel

/// The other end of a connection, stepped by hand.
struct Client: ~Copyable {
    /// What the client brings and asks for.
    struct Options {
        /// The name of a certificate and key among the authorities.
        var certificate: String?
        var version: Int32 = 0
        var ciphers: String?
        /// As on the wire.
        var protocols: String?
        /// Whether the server's certificate is checked, against `ca.crt`.
        var trusts: String? = "ca"
    }

    enum Outcome: Equatable {
        case done, waits, closed, failed

        init(_ result: tls_client_result) {
            switch result {
            case TLS_CLIENT_DONE: self = .done
            case TLS_CLIENT_WAITS: self = .waits
            case TLS_CLIENT_CLOSED: self = .closed
            default: self = .failed
            }
        }
    }

    private let handle: OpaquePointer
    /// It is the client's to close: a client that is dropped has left.
    let socket: FileDescriptor

    init(
        _ options: Options, _ authorities: Authorities, on socket: consuming FileDescriptor,
        resuming session: borrowing Ticket
    ) throws {
        func text(_ name: String?) -> [CChar] { name.map { authorities[$0].map(CChar.init(bitPattern:)) + [0] } ?? [] }
        let trusted = text(options.trusts.map { $0 + ".crt" })
        let certificate = text(options.certificate.map { $0 + ".crt" })
        let key = text(options.certificate.map { $0 + ".key" })
        let ciphers = options.ciphers.map { Array($0.utf8CString) } ?? []
        let protocols = options.protocols.map { Array($0.utf8CString) } ?? []
        func pointer(_ buffer: UnsafeBufferPointer<CChar>) -> UnsafePointer<CChar>? {
            buffer.isEmpty ? nil : buffer.baseAddress
        }
        let number = socket.withNumber { $0 }
        let made = trusted.withUnsafeBufferPointer { trusted in
            certificate.withUnsafeBufferPointer { certificate in
                key.withUnsafeBufferPointer { key in
                    ciphers.withUnsafeBufferPointer { ciphers in
                        protocols.withUnsafeBufferPointer { protocols in
                            tls_client_new(
                                number,
                                tls_client_options(
                                    authority: pointer(trusted), certificate: pointer(certificate), key: pointer(key),
                                    version: options.version, ciphers: pointer(ciphers), protocols: pointer(protocols),
                                    session: session.handle))
                        }
                    }
                }
            }
        }
        guard let made else { throw Refused() }
        handle = made
        self.socket = socket
    }

    struct Refused: Error {}

    deinit { tls_client_free(handle) }

    borrowing func handshake() -> Outcome { Outcome(tls_client_handshake(handle)) }

    /// What one record holds, at most.
    borrowing func readRecord(atMost limit: Int = 16_384) -> (bytes: [UInt8], outcome: Outcome) {
        var buffer = [UInt8](repeating: 0, count: limit)
        var count = 0
        let outcome = Outcome(tls_client_read(handle, &buffer, buffer.count, &count))
        return (Array(buffer[..<count]), outcome)
    }

    /// Everything that can be read, and how it ended.
    borrowing func read(atMost limit: Int = .max) -> (bytes: [UInt8], outcome: Outcome) {
        var all: [UInt8] = []
        while all.count < limit {
            let (bytes, outcome) = readRecord(atMost: min(16_384, limit - all.count))
            all += bytes
            if outcome != .done { return (all, outcome) }
        }
        return (all, .done)
    }

    borrowing func readText() -> String { String(decoding: read().bytes, as: UTF8.self) }

    /// Sends it as one record if it is short enough; the number of bytes that were taken.
    @discardableResult
    borrowing func write(_ bytes: [UInt8]) -> (count: Int, outcome: Outcome) {
        var count = 0
        let outcome = Outcome(tls_client_write(handle, bytes, bytes.count, &count))
        return (count, outcome)
    }

    @discardableResult
    borrowing func write(_ text: String) -> (count: Int, outcome: Outcome) { write(Array(text.utf8)) }

    borrowing func close() { tls_client_close(handle) }
    borrowing func renegotiate() -> Outcome { Outcome(tls_client_renegotiate(handle)) }
    borrowing func updateKeys(asksServer: Bool) -> Bool { tls_client_update_keys(handle, asksServer) }

    var version: Int32 { tls_client_version(handle) }
    var cipher: String { String(cString: tls_client_cipher(handle)) }
    var isResumed: Bool { tls_client_resumed(handle) }
    var applicationProtocol: String { String(cString: tls_client_protocol(handle)) }
    /// The number of the alert that the server sent last; -1 if none. See RFC 8446 section 6.
    var alert: Int32 { tls_client_alert(handle) }
    var chainLength: Int32 { tls_client_chain_length(handle) }
    var authorityCount: Int32 { tls_client_authority_count(handle) }

    /// What a later connection can resume.
    borrowing func takeTicket() -> Ticket { Ticket(handle: tls_client_take_session(handle)) }
}

/// A session that may be resumed, or none.
struct Ticket: ~Copyable {
    let handle: OpaquePointer?

    static var none: Ticket { Ticket(handle: nil) }

    init(handle: OpaquePointer?) { self.handle = handle }

    deinit { if let handle { tls_client_session_free(handle) } }
}
