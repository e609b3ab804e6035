/// What the operator decides about TLS. Files are read by the caller, so that everything here is bytes and names.
public struct TLSSettings: Sendable {
    /// The server's certificate and then its intermediates, as PEM.
    public var certificateChain: [UInt8]
    /// The private key as PEM, without a passphrase.
    public var key: [UInt8]
    /// The certificates that client certificates must come from, as PEM. Any of them ends a chain, intermediates too.
    public var clientCA: [UInt8]?
    public var clientAuthentication = ClientAuthentication.none
    /// If there are any, a client certificate must have one of these subject alternative names: DNS names, mail addresses and
    /// URIs as they are written, IP addresses by value. A client that gives no certificate is not asked for a name.
    public var allowedSANs: [String] = []
    public var minimumVersion = TLSVersion.tls12
    public var maximumVersion = TLSVersion.tls13
    /// OpenSSL's names of ciphers for TLS 1.2 and older; none for those that are safe and usual.
    public var cipherList12: [String] = []
    /// OpenSSL's names of TLS 1.3's cipher suites; none for OpenSSL's own choice.
    public var cipherSuites13: [String] = []
    /// OpenSSL's names of groups for the key exchange, such as `X25519` and `P-256`; none for OpenSSL's own choice.
    public var groups: [String] = []
    /// The order of ciphers is the server's and not the client's.
    public var prefersServerCiphers = true

    public init(certificateChain: [UInt8], key: [UInt8]) {
        self.certificateChain = certificateChain
        self.key = key
    }
}

/// What is asked of clients. The cases are those of Go's `tls.ClientAuthType`, which the web configuration file names.
public enum ClientAuthentication: Sendable {
    /// No certificate is asked for.
    case none
    /// One is asked for, and anything is accepted.
    case request
    /// There must be one; where it comes from does not matter.
    case requireAny
    /// If there is one, it must come from the client CA.
    case verifyIfGiven
    /// There must be one, and it must come from the client CA.
    case requireAndVerify

    /// Whether a certificate's chain, dates and purpose are checked.
    var verifies: Bool { self == .verifyIfGiven || self == .requireAndVerify }
    var requires: Bool { self == .requireAny || self == .requireAndVerify }
}

/// A version of the protocol. The two oldest are forbidden by RFC 8996 and spoken only if `minimumVersion` says so.
public enum TLSVersion: Int, Comparable, Sendable {
    case tls10, tls11, tls12, tls13

    public static func < (one: TLSVersion, other: TLSVersion) -> Bool { one.rawValue < other.rawValue }
}
