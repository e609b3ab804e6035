import Kernel
import TLS

/// What the web configuration file asks of connections and requests; without one, nothing.
struct WebPolicy: ~Copyable {
    var tls: TLSContext?
    var authenticator: Authenticator?
    var rateLimiter: RateLimiter?
    /// Header lines for every response, each with its CR LF.
    var extraHeaders: [UInt8] = []
    /// The files that it was made of.
    var paths: [String] = []

    mutating func allowsRate(nanoseconds now: UInt64) -> Bool {
        rateLimiter?.allows(nanoseconds: now) ?? true
    }
}
