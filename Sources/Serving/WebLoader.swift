import Kernel
import Passwords
import TLS
import WebConfig

/// Why something cannot be served as it is asked for: one line that names the file or address, the thing and the remedy, and no
/// secret.
public struct WebFailure: Error, Equatable {
    /// For the log.
    public let message: String
}

/// Reads the web configuration file and what it names. It allocates and reads files: at start-up and when the file changes.
enum WebLoader {
    private static let longestPEMBytes = 1 << 20

    static func read(_ path: String, credentialsDirectory: String?) throws(WebFailure) -> WebConfiguration {
        let text = try content(of: path, limit: WebConfiguration.longestBytes + 1, purpose: "--web.config.file")
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = slash.map { String(path[...$0]) } ?? "."
        do throws(WebConfigurationError) {
            return try WebConfiguration(
                yaml: text.span, directory: directory, credentialsDirectory: credentialsDirectory)
        } catch {
            throw WebFailure(message: "\(path):\(error.line): \(error.message)")
        }
    }

    /// The context for new connections, with certificate, key and authorities as they are on disk now.
    static func context(_ settings: WebConfiguration.TLSSettings) throws(WebFailure) -> TLSContext {
        var result = TLSSettings(
            certificateChain: try content(of: settings.certificate, purpose: "the certificate"),
            key: try content(of: settings.key, purpose: "the key"))
        result.clientAuthentication = ClientAuthentication(settings.clientAuthentication)
        if let authorities = settings.clientAuthorities {
            result.clientCA = try content(of: authorities, purpose: "the client CA")
        }
        result.allowedSANs = settings.allowedSubjectAlternativeNames
        result.minimumVersion = TLSVersion(settings.minimumVersion)
        result.maximumVersion = TLSVersion(settings.maximumVersion)
        // As in Go, whatever is listed, all suites of TLS 1.3 are offered.
        result.cipherList12 = settings.cipherSuites.filter { !$0.isTLS13 }.map(\.openSSLName)
        result.groups = settings.curves.map(\.openSSLName)
        result.prefersServerCiphers = settings.prefersServerCipherSuites
        do throws(TLSError) {
            return try TLSContext(result)
        } catch {
            throw WebFailure(
                message: "TLS with the certificate \(settings.certificate) and the key \(settings.key): \(error)")
        }
    }

    static func users(_ configuration: WebConfiguration) throws(WebFailure) -> [Authenticator.User] {
        var users: [Authenticator.User] = []
        for user in configuration.users {
            guard let hash = BcryptHash(user.hash) else {
                throw WebFailure(message: "basic_auth_users: what \(user.name) has is no bcrypt hash")
            }
            users.append(Authenticator.User(name: user.name, hash: hash))
        }
        return users
    }

    static func headerLines(_ configuration: WebConfiguration) throws(WebFailure) -> [UInt8] {
        // Every response says already that its type is not to be guessed.
        let headers = configuration.headers.filter { $0.name != "X-Content-Type-Options" }
        let lines = headers.flatMap { Array("\($0.name): \($0.value)\r\n".utf8) }
        guard lines.count <= Responses.extraHeaderBytes else {
            throw WebFailure(
                message: "http_server_config.headers: together they have \(lines.count) bytes; "
                    + "allowed are \(Responses.extraHeaderBytes)")
        }
        return lines
    }

    private static func content(of source: WebConfiguration.PEMSource, purpose: String) throws(WebFailure) -> [UInt8] {
        switch source {
        case .file(let path): try content(of: path, limit: longestPEMBytes, purpose: purpose)
        case .inline(let bytes): bytes
        }
    }

    private static func content(of path: String, limit: Int, purpose: String) throws(WebFailure) -> [UInt8] {
        do throws(SystemError) {
            return try Files.read(path, limit: limit)
        } catch {
            let remedy =
                error.code == .permissionDenied
                ? "; the service's user must be able to read it, or systemd hands it over with LoadCredential=. "
                    + "A directory that was not in use at start-up needs a restart" : ""
            throw WebFailure(message: "\(purpose) cannot be read from \(path): \(error.code)\(remedy)")
        }
    }
}

extension ClientAuthentication {
    init(_ policy: WebConfiguration.ClientAuthentication) {
        switch policy {
        case .none: self = .none
        case .requested: self = .request
        case .required: self = .requireAny
        case .verifiedIfGiven: self = .verifyIfGiven
        case .requiredAndVerified: self = .requireAndVerify
        }
    }
}

extension TLSVersion {
    init(_ version: WebConfiguration.TLSVersion) {
        switch version {
        case .tls10: self = .tls10
        case .tls11: self = .tls11
        case .tls12: self = .tls12
        case .tls13: self = .tls13
        }
    }
}
