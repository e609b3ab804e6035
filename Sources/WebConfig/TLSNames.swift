extension WebConfiguration {
    /// A version of TLS by the number that the protocol and OpenSSL give it; the names are those of Go, `TLS12`.
    public enum TLSVersion: UInt16, CaseIterable, Comparable, Sendable {
        case tls10 = 0x0301
        case tls11 = 0x0302
        case tls12 = 0x0303
        case tls13 = 0x0304

        public var name: String { "TLS1\(rawValue - 0x0301)" }

        public static func < (first: TLSVersion, second: TLSVersion) -> Bool { first.rawValue < second.rawValue }
    }

    /// Which certificate is asked of clients, by Go's names.
    public enum ClientAuthentication: String, CaseIterable, Sendable {
        case none = "NoClientCert"
        /// Asked for and not looked at; clients without one are served.
        case requested = "RequestClientCert"
        /// Any will do; nobody checks who signed it.
        case required = "RequireAnyClientCert"
        /// Clients without one are served; one that is given must be signed by a known authority.
        case verifiedIfGiven = "VerifyClientCertIfGiven"
        case requiredAndVerified = "RequireAndVerifyClientCert"

        /// The certificate authorities are used.
        public var verifies: Bool { self == .verifiedIfGiven || self == .requiredAndVerified }
    }

    /// A group for the key exchange, by Go's name.
    public enum Curve: String, CaseIterable, Sendable {
        case p256 = "CurveP256"
        case p384 = "CurveP384"
        case p521 = "CurveP521"
        case x25519 = "X25519"

        /// The name for SSL_CTX_set1_groups_list(3).
        public var openSSLName: String {
            switch self {
            case .p256: "P-256"
            case .p384: "P-384"
            case .p521: "P-521"
            case .x25519: "X25519"
            }
        }
    }

    /// A cipher suite that Go offers, by the name of Go and of the standards.
    public struct CipherSuite: Equatable, Sendable {
        public let name: String
        /// The name for SSL_CTX_set_cipher_list(3), or for SSL_CTX_set_ciphersuites(3) if it is one of TLS 1.3.
        public let openSSLName: String
        /// Go always offers all three of TLS 1.3 and looks only at the others in a list.
        public let isTLS13: Bool

        private init(_ name: String, _ openSSLName: String, isTLS13: Bool = false) {
            self.name = name
            self.openSSLName = openSSLName
            self.isTLS13 = isTLS13
        }

        public init?(named name: String) {
            guard let suite = CipherSuite.all.first(where: { $0.name == name }) else { return nil }
            self = suite
        }

        /// Those of tls.CipherSuites() in Go, and the four without forward secrecy that belonged to them before Go 1.22.
        public static let all = [
            CipherSuite("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", isTLS13: true),
            CipherSuite("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", isTLS13: true),
            CipherSuite("TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", isTLS13: true),
            CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
            CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
            CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
            CipherSuite("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
            CipherSuite("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
            CipherSuite("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
            CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"),
            CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"),
            CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"),
            CipherSuite("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"),
            CipherSuite("TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
            CipherSuite("TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
            CipherSuite("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"),
            CipherSuite("TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"),
        ]
    }
}
