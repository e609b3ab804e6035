/// Reads `tls_server_config`.
struct TLSSection {
    private static let keys = [
        "cert_file", "key_file", "cert", "key", "client_ca_file", "client_ca", "client_auth_type",
        "client_allowed_sans",
        "min_version", "max_version", "cipher_suites", "prefer_server_cipher_suites", "curve_preferences",
    ]

    private let section: Section
    private let paths: PathRules

    init(_ node: YAMLNode, line: Int, paths: PathRules) throws(WebConfigurationError) {
        section = try Section(node, name: "tls_server_config", line: line, keys: TLSSection.keys)
        self.paths = paths
    }

    /// Nil if nothing is said, which means no TLS.
    func settings() throws(WebConfigurationError) -> WebConfiguration.TLSSettings? {
        if section.isEmpty { return nil }
        guard let certificate = try source("cert") else {
            throw WebConfigurationError(line: section.line, "tls_server_config: missing one of cert or cert_file")
        }
        guard let key = try source("key") else {
            throw WebConfigurationError(line: section.line, "tls_server_config: missing one of key or key_file")
        }
        var settings = WebConfiguration.TLSSettings(certificate: certificate, key: key)
        try readClients(&settings)
        try readVersions(&settings)
        settings.cipherSuites = try cipherSuites(upTo: settings.maximumVersion)
        // With none for an older version, none can be spoken.
        let isForTLS13 = !settings.cipherSuites.isEmpty && settings.cipherSuites.allSatisfy(\.isTLS13)
        if isForTLS13 { settings.minimumVersion = .tls13 }
        settings.curves = try curves()
        settings.prefersServerCipherSuites = try section.boolean("prefer_server_cipher_suites") ?? true
        return settings
    }

    /// What `NAME` or `NAME_file` says.
    private func source(_ name: String) throws(WebConfigurationError) -> WebConfiguration.PEMSource? {
        let fileKey = name + "_file"
        switch (try section.text(name), try section.text(fileKey)) {
        case (.none, .none): return nil
        case (.some, .some): throw section.failure(fileKey, "\(name) is given too; allowed is one of them")
        case (.none, .some(let path)): return .file(try paths.resolve(path, section, fileKey))
        case (.some(let text), .none):
            // Other text may stand before the PEM block, as 'openssl x509 -text' prints it.
            guard text.utf8.split(separator: 0x0A).contains(where: { $0.starts(with: "-----BEGIN ".utf8) }) else {
                throw section.failure(name, "it is no PEM text; the path of a file belongs in \(fileKey)")
            }
            return .inline(Array(text.utf8))
        }
    }

    private func readClients(_ settings: inout WebConfiguration.TLSSettings) throws(WebConfigurationError) {
        settings.clientAuthorities = try source("client_ca")
        if let text = try section.text("client_auth_type") {
            // The second name was one of an earlier version and means the same.
            guard
                let policy = WebConfiguration.ClientAuthentication(
                    rawValue: text == "RequireClientCert" ? "RequireAnyClientCert" : text)
            else {
                let allowed = WebConfiguration.ClientAuthentication.allCases.map(\.rawValue).joined(separator: ", ")
                throw section.wrong("client_auth_type", text, "allowed are \(allowed)")
            }
            settings.clientAuthentication = policy
        }
        guard settings.clientAuthorities == nil || settings.clientAuthentication != .none else {
            let key = section.node("client_ca") == nil ? "client_ca_file" : "client_ca"
            throw section.failure(
                key, "client CA's have been configured without a Client Auth Policy; set client_auth_type")
        }
        try settleWithoutAuthorities(&settings)
        guard let names = try section.list("client_allowed_sans") else { return }
        guard !names.isEmpty else {
            throw section.failure("client_allowed_sans", "the list is empty, so that no client would be served")
        }
        // Any other policy serves clients whose names nobody has verified, or who show none.
        guard settings.clientAuthentication == .requiredAndVerified else {
            throw section.failure(
                "client_allowed_sans",
                "names prove nothing with client_auth_type \(settings.clientAuthentication.rawValue); "
                    + "allowed is RequireAndVerifyClientCert")
        }
        settings.allowedSubjectAlternativeNames = names.map(\.text)
    }

    /// Without authorities Go would take those of the system.
    private func settleWithoutAuthorities(_ settings: inout WebConfiguration.TLSSettings) throws(WebConfigurationError)
    {
        guard settings.clientAuthorities == nil else { return }
        switch settings.clientAuthentication {
        case .none, .requested, .required: return
        // Whoever has no certificate is served, so that nobody is kept out by one: asking for it would change nothing.
        case .verifiedIfGiven: settings.clientAuthentication = .none
        // Anybody with a certificate of a public authority could come in.
        case .requiredAndVerified:
            throw section.failure(
                "client_auth_type",
                "RequireAndVerifyClientCert needs the authorities to verify by; set client_ca_file or client_ca")
        }
    }

    private func readVersions(_ settings: inout WebConfiguration.TLSSettings) throws(WebConfigurationError) {
        settings.minimumVersion = try version("min_version") ?? settings.minimumVersion
        settings.maximumVersion = try version("max_version") ?? settings.maximumVersion
        guard settings.minimumVersion <= settings.maximumVersion else {
            let key = section.node("min_version") == nil ? "max_version" : "min_version"
            throw section.failure(
                key,
                "the minimum \(settings.minimumVersion.name) is above the maximum \(settings.maximumVersion.name)")
        }
    }

    private func version(_ key: String) throws(WebConfigurationError) -> WebConfiguration.TLSVersion? {
        guard let text = try section.scalar(key)?.text else { return nil }
        guard let version = WebConfiguration.TLSVersion.allCases.first(where: { $0.name == text }) else {
            let allowed = WebConfiguration.TLSVersion.allCases.map(\.name).joined(separator: ", ")
            throw section.failure(key, "unknown TLS version \(Quoting.value(text)); allowed are \(allowed)")
        }
        return version
    }

    private func cipherSuites(upTo version: WebConfiguration.TLSVersion) throws(WebConfigurationError)
        -> [WebConfiguration.CipherSuite]
    {
        var suites: [WebConfiguration.CipherSuite] = []
        for element in try section.list("cipher_suites") ?? [] {
            guard let suite = WebConfiguration.CipherSuite(named: element.text) else {
                throw WebConfigurationError(
                    line: element.line,
                    "tls_server_config.cipher_suites: unknown cipher \(Quoting.value(element.text)); allowed are "
                        + WebConfiguration.CipherSuite.all.map(\.name).joined(separator: ", "))
            }
            if !suites.contains(suite) { suites.append(suite) }
        }
        guard version == .tls13 || suites.isEmpty || suites.contains(where: { !$0.isTLS13 }) else {
            throw section.failure("cipher_suites", "none of them can be used with max_version \(version.name)")
        }
        return suites
    }

    private func curves() throws(WebConfigurationError) -> [WebConfiguration.Curve] {
        var curves: [WebConfiguration.Curve] = []
        for element in try section.list("curve_preferences") ?? [] {
            guard let curve = WebConfiguration.Curve(rawValue: element.text) else {
                throw WebConfigurationError(
                    line: element.line,
                    "tls_server_config.curve_preferences: unknown curve \(Quoting.value(element.text)); allowed are "
                        + WebConfiguration.Curve.allCases.map(\.rawValue).joined(separator: ", "))
            }
            if !curves.contains(curve) { curves.append(curve) }
        }
        return curves
    }
}

/// How the paths in the file are meant.
struct PathRules {
    /// Where relative paths begin.
    let directory: String
    /// What `${CREDENTIALS_DIRECTORY}` at the beginning of a path stands for, if systemd passed credentials. See
    /// systemd.exec(5), LoadCredential=.
    let credentialsDirectory: String?

    private static let credentialsVariable = "${CREDENTIALS_DIRECTORY}"
    /// PATH_MAX without the NUL.
    private static let longestBytes = 4095

    func resolve(_ written: String, _ section: Section, _ key: String) throws(WebConfigurationError) -> String {
        // The lines of a key become one line with blanks where YAML is not told to keep them.
        guard written.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), !Quoting.isSecret(written) else {
            throw section.failure(key, "it is not a path; PEM text belongs in \(key.dropLast("_file".count))")
        }
        var path = written
        if path.hasPrefix(PathRules.credentialsVariable) {
            guard let credentialsDirectory else {
                throw section.failure(
                    key, "CREDENTIALS_DIRECTORY is not set; it is where the service has LoadCredential=")
            }
            path = credentialsDirectory + path.dropFirst(PathRules.credentialsVariable.count)
        }
        if !path.hasPrefix("/") { path = directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)" }
        guard path.utf8.count <= PathRules.longestBytes else { throw section.failure(key, "the path is too long") }
        return path
    }
}
