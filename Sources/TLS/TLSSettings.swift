/// What the operator decides about TLS, besides certificates and keys. The names are those of the web configuration file of
/// the Prometheus exporters, and so those of Go.
public struct TLSSettings: Equatable, Sendable {
    /// Which certificate is asked of clients.
    public var clientAuthentication = ClientAuthentication.none
    /// If there are any, a client's certificate must have one of these subject alternative names: DNS names, mail addresses and
    /// URIs as they are written, IP addresses by value. A client that gives no certificate is not asked for a name.
    public var allowedSubjectAlternativeNames: [String] = []
    /// The oldest version that is spoken.
    public var minimumVersion = TLSVersion.tls12
    /// The newest version that is spoken.
    public var maximumVersion = TLSVersion.tls13
    /// In order of preference, without repetitions; those that are safe and usual if there are none. As in Go, this is about
    /// TLS 1.2 and older: all suites of TLS 1.3 are offered, whatever is listed.
    public var cipherSuites: [CipherSuite] = []
    /// For the key exchange, in order of preference, without repetitions; OpenSSL's own choice if there are none.
    public var curves: [Curve] = []
    /// The order of cipher suites is the server's and not the client's.
    public var prefersServerCipherSuites = true

    /// The settings of somebody who decides nothing: TLS 1.2 and 1.3, and no certificates of clients.
    public init() {}
}

/// What is asked of clients, by the names of Go's `tls.ClientAuthType`.
public enum ClientAuthentication: String, CaseIterable, Sendable {
    /// No certificate is asked for.
    case none = "NoClientCert"
    /// One is asked for, and anything is accepted.
    case request = "RequestClientCert"
    /// There must be one; where it comes from does not matter.
    case requireAny = "RequireAnyClientCert"
    /// If there is one, it must come from the client authorities.
    case verifyIfGiven = "VerifyClientCertIfGiven"
    /// There must be one, and it must come from the client authorities.
    case requireAndVerify = "RequireAndVerifyClientCert"

    /// Whether a certificate's chain, dates and purpose are checked, which takes the client authorities.
    public var verifies: Bool { self == .verifyIfGiven || self == .requireAndVerify }
    var requires: Bool { self == .requireAny || self == .requireAndVerify }
}

/// A version of the protocol by its number in the protocol, which is also OpenSSL's. The two oldest are forbidden by RFC 8996 and
/// spoken only if `minimumVersion` says so.
public enum TLSVersion: UInt16, CaseIterable, Comparable, Sendable {
    case tls10 = 0x0301
    case tls11 = 0x0302
    case tls12 = 0x0303
    case tls13 = 0x0304

    /// Go's name, such as `TLS12`.
    public var name: String { "TLS1\(rawValue - TLSVersion.tls10.rawValue)" }

    /// Whether the first is older.
    public static func < (first: TLSVersion, second: TLSVersion) -> Bool { first.rawValue < second.rawValue }
}
