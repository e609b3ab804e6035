import TLS

/// Everything that a server's context is made of.
struct ServerSetup {
    var settings = TLSSettings()
    var certificate: [UInt8]
    var key: [UInt8]
    var clientAuthorities: [UInt8]?

    init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }
}

extension TLSContext {
    init(_ setup: ServerSetup) throws(TLSError) {
        try self.init(
            setup.settings, certificate: setup.certificate, key: setup.key, clientAuthorities: setup.clientAuthorities)
    }
}

/// The suites of these names.
func cipherSuites(_ names: String...) -> [CipherSuite] {
    names.compactMap { name in CipherSuite.all.first { $0.name == name } }
}
