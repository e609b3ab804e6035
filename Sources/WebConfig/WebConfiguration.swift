public import Passwords

/// The web configuration file of the Prometheus exporters (`--web.config.file`), read and checked; what it names is not opened.
///
/// A file that was written for another exporter means the same here. What they take and nobody can use, such as a user who can
/// never log in, is a warning; what is not offered here is refused with the reason. See
/// https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md.
public struct WebConfiguration: Equatable, Sendable {
    /// A header for every response.
    public struct Header: Equatable, Sendable {
        /// One of those that the file may set.
        public let name: String
        /// One line without blanks at its ends, not empty.
        public let value: String
    }

    /// Requests beyond it are answered with 429. A token comes back every interval, and there are never more than `burst`.
    public struct RateLimit: Equatable, Sendable {
        /// 1 ns to an hour, so that interval times burst is far from overflowing 64 bits.
        public let intervalNanoseconds: UInt64
        /// 0 to 1,000,000; with 0 nothing is let through.
        public let burst: Int
    }

    /// Nil is plain HTTP.
    public var tls: TLSConfiguration?
    /// Each name at most once.
    public var headers: [Header] = []
    /// Everybody may ask if there are none. Their hashes cost at most 18; those who can never log in have one of nobody.
    public var users: [User] = []
    /// Nil for no limit.
    public var rateLimit: RateLimit?
    /// What is taken and does not do what it seems to be for.
    public private(set) var warnings: [WebConfigurationWarning] = []

    /// The longest file that is read.
    public static let longestBytes = YAMLDocument.longestBytes
    static let mostListElements = 256
    static let mostUsers = 1000

    /// Nothing configured, as by an empty file.
    public init() {}

    /// Reads a file's content.
    ///
    /// - Parameters:
    ///   - directory: where the file is, to which its relative paths refer.
    ///   - credentialsDirectory: the variable CREDENTIALS_DIRECTORY, if it is set.
    public init(
        yaml: Span<UInt8>, directory: String, credentialsDirectory: String?
    ) throws(WebConfigurationError) {
        guard let root = try YAMLDocument.parse(yaml) else { return }
        let keys = ["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"]
        let file = try Section(root, name: "", line: root.line, keys: keys)
        if let node = file.node("tls_server_config") {
            let paths = PathRules(directory: directory, credentialsDirectory: credentialsDirectory)
            tls = try TLSSection(node, line: file.line(of: "tls_server_config"), paths: paths).configuration()
        }
        if let node = file.node("http_server_config") {
            headers = try HTTPSection.headers(node, line: file.line(of: "http_server_config"))
        }
        if let node = file.node("basic_auth_users") {
            users = try UsersSection.users(node, line: file.line(of: "basic_auth_users"), &warnings)
        }
        if let node = file.node("rate_limit") {
            rateLimit = try RateLimitSection.limit(node, line: file.line(of: "rate_limit"), &warnings)
        }
    }
}
