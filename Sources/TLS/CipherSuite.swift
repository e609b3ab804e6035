/// A cipher suite that Go offers, by its name in Go and in the standards and by its name in OpenSSL.
public struct CipherSuite: Equatable, Sendable {
    /// The name in Go and in the standards.
    public let name: String
    /// Go always offers the three of TLS 1.3, and takes only the others from a list.
    public let isTLS13: Bool
    /// The name for SSL_CTX_set_cipher_list(3), or for a suite of TLS 1.3 for SSL_CTX_set_ciphersuites(3).
    let openSSLName: String

    init(_ name: String, openSSLName: String) {
        self.name = name
        self.openSSLName = openSSLName
        isTLS13 = false
    }

    private init(tls13 name: String) {
        self.name = name
        openSSLName = name
        isTLS13 = true
    }

    /// Those of tls.CipherSuites() in Go, and the four without forward secrecy that belonged to them before Go 1.22.
    public static let all = [
        CipherSuite(tls13: "TLS_AES_128_GCM_SHA256"),
        CipherSuite(tls13: "TLS_AES_256_GCM_SHA384"),
        CipherSuite(tls13: "TLS_CHACHA20_POLY1305_SHA256"),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", openSSLName: "ECDHE-ECDSA-AES128-GCM-SHA256"),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", openSSLName: "ECDHE-ECDSA-AES256-GCM-SHA384"),
        CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", openSSLName: "ECDHE-RSA-AES128-GCM-SHA256"),
        CipherSuite("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", openSSLName: "ECDHE-RSA-AES256-GCM-SHA384"),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", openSSLName: "ECDHE-ECDSA-CHACHA20-POLY1305"),
        CipherSuite("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", openSSLName: "ECDHE-RSA-CHACHA20-POLY1305"),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", openSSLName: "ECDHE-ECDSA-AES128-SHA"),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", openSSLName: "ECDHE-ECDSA-AES256-SHA"),
        CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", openSSLName: "ECDHE-RSA-AES128-SHA"),
        CipherSuite("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", openSSLName: "ECDHE-RSA-AES256-SHA"),
        CipherSuite("TLS_RSA_WITH_AES_128_GCM_SHA256", openSSLName: "AES128-GCM-SHA256"),
        CipherSuite("TLS_RSA_WITH_AES_256_GCM_SHA384", openSSLName: "AES256-GCM-SHA384"),
        CipherSuite("TLS_RSA_WITH_AES_128_CBC_SHA", openSSLName: "AES128-SHA"),
        CipherSuite("TLS_RSA_WITH_AES_256_CBC_SHA", openSSLName: "AES256-SHA"),
    ]
}

/// An elliptic curve for the key exchange, by its name in Go and by its name in OpenSSL.
public struct Curve: Equatable, Sendable {
    /// Go's name.
    public let name: String
    /// The name for SSL_CTX_set1_groups_list(3).
    let openSSLName: String

    init(_ name: String, openSSLName: String) {
        self.name = name
        self.openSSLName = openSSLName
    }

    /// Those that the web configuration file can name.
    public static let all = [
        Curve("CurveP256", openSSLName: "P-256"), Curve("CurveP384", openSSLName: "P-384"),
        Curve("CurveP521", openSSLName: "P-521"), Curve("X25519", openSSLName: "X25519"),
    ]
}
