// Apart from the tests: their macros do not compile where OpenSSL's headers are seen.
import COpenSSL

@testable import TLS

/// A cipher suite that OpenSSL does not know.
let unknownCipherSuite = CipherSuite("TLS_ROT13", openSSLName: "ROT13")

/// A curve that OpenSSL does not know.
let unknownCurve = Curve("CurveP13", openSSLName: "P-13")

/// Whether a server would resume the session.
func accepts(_ context: borrowing TLSContext, _ ticket: borrowing Ticket) -> Bool {
    context.core.accepts(ticket.handle)
}

/// What is missing of libraries of these names; nil if nothing is.
func resolve(_ ssl: String, _ crypto: String) -> String? {
    let table = UnsafeMutablePointer<copenssl>.allocate(capacity: 1)
    defer { table.deallocate() }
    var text = [CChar](repeating: 0, count: 512)
    if copenssl_resolve(table, ssl, crypto, &text, text.count) { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
