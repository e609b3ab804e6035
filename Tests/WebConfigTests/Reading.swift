import WebConfig

/// A bcrypt hash of the right form; nobody knows the password.
let bcryptHash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"

/// Reads a configuration as from a file in `/etc/exporter`.
func configuration(
    _ yaml: [UInt8], directory: String = "/etc/exporter", credentials: String? = nil
) throws(WebConfigurationError) -> WebConfiguration {
    try WebConfiguration(yaml: yaml.span, directory: directory, credentialsDirectory: credentials)
}

func configuration(
    _ yaml: String, directory: String = "/etc/exporter", credentials: String? = nil
) throws(WebConfigurationError) -> WebConfiguration {
    try configuration(Array(yaml.utf8), directory: directory, credentials: credentials)
}

/// Why a configuration is refused; nil if it is not.
func refusal(_ yaml: [UInt8]) -> WebConfigurationError? {
    do {
        _ = try configuration(yaml)
        return nil
    } catch {
        return error
    }
}

func refusal(_ yaml: String) -> WebConfigurationError? { refusal(Array(yaml.utf8)) }

/// `tls_server_config` with a certificate, a key and the lines that a test is about, which begin in line 4.
func tlsConfiguration(_ lines: String...) -> String {
    (["tls_server_config:", "  cert_file: server.crt", "  key_file: server.key"] + lines.map { "  " + $0 })
        .joined(separator: "\n") + "\n"
}
