public import TLS

extension WebConfiguration {
    /// The section `tls_server_config`, checked as far as it can be without the files that it names.
    public struct TLSConfiguration: Equatable, Sendable {
        /// The server's certificate and then its intermediates.
        public var certificate: PEMSource
        /// The private key.
        public var key: PEMSource
        /// The authorities of clients' certificates; there whenever clients are verified.
        public var clientAuthorities: PEMSource?
        /// Everything else. A list of cipher suites that has only those of TLS 1.3 has raised the minimum version to that, as in Go.
        public var settings = TLSSettings()

        /// With nothing decided besides the two that must be there.
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
}
