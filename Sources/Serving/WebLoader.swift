import Kernel
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
        do throws(WebConfigurationError) {
            return try WebConfiguration(
                yaml: text.span, directory: Files.directory(of: path), credentialsDirectory: credentialsDirectory)
        } catch {
            throw WebFailure(message: "\(path):\(error.line): \(error.message)")
        }
    }

    /// The context for new connections, with certificate, key and authorities as they are on disk now.
    static func context(_ tls: WebConfiguration.TLSConfiguration) throws(WebFailure) -> TLSContext {
        let certificate = try content(of: tls.certificate, purpose: "the certificate")
        let key = try content(of: tls.key, purpose: "the key")
        var authorities: [UInt8]?
        if let source = tls.clientAuthorities { authorities = try content(of: source, purpose: "the client CA") }
        do throws(TLSError) {
            return try TLSContext(
                tls.settings, certificate: certificate, key: key, clientAuthorities: authorities)
        } catch {
            throw WebFailure(message: "TLS with the certificate \(tls.certificate) and the key \(tls.key): \(error)")
        }
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
