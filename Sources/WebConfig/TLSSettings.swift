extension WebConfiguration {
    /// Where certificates or a key come from, in PEM.
    public enum PEMSource: Equatable, Sendable, CustomStringConvertible {
        /// An absolute path, or one relative to the working directory if the configuration file was named by such a one.
        case file(String)
        /// The content itself, from the configuration file.
        case inline([UInt8])

        /// The path; never the content, which may be a key.
        public var description: String {
            switch self {
            case .file(let path): path
            case .inline: "text in the configuration file"
            }
        }
    }

    /// The section `tls_server_config` of a web configuration file, checked as far as it can be without its files.
    public struct TLSSettings: Equatable, Sendable {
        public var certificate: PEMSource
        public var key: PEMSource
        /// The authorities of clients' certificates; there whenever `clientAuthentication` verifies.
        public var clientAuthorities: PEMSource?
        public var clientAuthentication = ClientAuthentication.none
        /// Names of which a client's certificate must have one (DNS, e-mail, IP address or URI); any if there are none.
        public var allowedSubjectAlternativeNames: [String] = []
        public var minimumVersion = TLSVersion.tls12
        public var maximumVersion = TLSVersion.tls13
        /// In order of preference, without repetitions; the library's own choice if there are none. Those of TLS 1.3 are named for
        /// completeness: as in Go, all three are offered whatever the list says, and a list of nothing else means TLS 1.3 only.
        public var cipherSuites: [CipherSuite] = []
        /// In order of preference, without repetitions; the library's own choice if there are none.
        public var curves: [Curve] = []
        public var prefersServerCipherSuites = true

        public init(certificate: PEMSource, key: PEMSource) {
            self.certificate = certificate
            self.key = key
        }

        /// The files that are read for it, to be watched for changes.
        public var paths: [String] {
            [certificate, key, clientAuthorities].compactMap { source in
                if case .some(.file(let path)) = source { path } else { nil }
            }
        }
    }
}
