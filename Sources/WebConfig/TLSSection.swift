import TLS

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
    func configuration() throws(WebConfigurationError) -> WebConfiguration.TLSConfiguration? {
        if section.isEmpty { return nil }
        guard let certificate = try source("cert") else {
            throw WebConfigurationError(line: section.line, "tls_server_config: missing one of cert or cert_file")
        }
        guard let key = try source("key") else {
            throw WebConfigurationError(line: section.line, "tls_server_config: missing one of key or key_file")
        }
        var configuration = WebConfiguration.TLSConfiguration(certificate: certificate, key: key)
        configuration.clientAuthorities = try source("client_ca")
        configuration.settings = try settings(hasClientAuthorities: configuration.clientAuthorities != nil)
        return configuration
    }

    private func settings(hasClientAuthorities: Bool) throws(WebConfigurationError) -> TLSSettings {
        var settings = TLSSettings()
        settings.clientAuthentication = try clientAuthentication(hasAuthorities: hasClientAuthorities)
        settings.allowedSubjectAlternativeNames = try allowedNames(settings.clientAuthentication)
        (settings.minimumVersion, settings.maximumVersion) = try versions(settings)
        settings.cipherSuites = try cipherSuites(upTo: settings.maximumVersion)
        // Without a suite for an older version, no older version can be spoken.
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

    private func clientAuthentication(hasAuthorities: Bool) throws(WebConfigurationError) -> ClientAuthentication {
        let authentication = try namedClientAuthentication()
        if hasAuthorities {
            guard authentication != .none else {
                let key = section.node("client_ca") == nil ? "client_ca_file" : "client_ca"
                throw section.failure(
                    key, "client CA's have been configured without a Client Auth Policy; set client_auth_type")
            }
            return authentication
        }
        // Without authorities Go would take those of the system.
        switch authentication {
        case .none, .request, .requireAny: return authentication
        // Clients without a certificate are served all the same: to ask for one would keep nobody out.
        case .verifyIfGiven: return .none
        // By the system's authorities, everybody with a certificate of a public authority would be served.
        case .requireAndVerify:
            throw section.failure(
                "client_auth_type",
                "RequireAndVerifyClientCert needs the authorities to verify by; set client_ca_file or client_ca")
        }
    }

    private func namedClientAuthentication() throws(WebConfigurationError) -> ClientAuthentication {
        guard let text = try section.text("client_auth_type") else { return .none }
        // This name is one of an earlier version and means the same.
        let name = text == "RequireClientCert" ? "RequireAnyClientCert" : text
        guard let authentication = ClientAuthentication(rawValue: name) else {
            let allowed = ClientAuthentication.allCases.map(\.rawValue).joined(separator: ", ")
            throw section.wrong("client_auth_type", text, "allowed are \(allowed)")
        }
        return authentication
    }

    private func allowedNames(_ authentication: ClientAuthentication) throws(WebConfigurationError) -> [String] {
        guard let names = try section.list("client_allowed_sans") else { return [] }
        guard !names.isEmpty else {
            throw section.failure("client_allowed_sans", "the list is empty, so that no client would be served")
        }
        // By any other policy, clients are served whose certificates were not verified, or who have none.
        guard authentication == .requireAndVerify else {
            throw section.failure(
                "client_allowed_sans",
                "names prove nothing with client_auth_type \(authentication.rawValue); "
                    + "allowed is RequireAndVerifyClientCert")
        }
        return names.map(\.text)
    }

    private func versions(
        _ usual: TLSSettings
    ) throws(WebConfigurationError) -> (minimum: TLSVersion, maximum: TLSVersion) {
        let minimum = try version("min_version") ?? usual.minimumVersion
        let maximum = try version("max_version") ?? usual.maximumVersion
        guard minimum <= maximum else {
            let key = section.node("min_version") == nil ? "max_version" : "min_version"
            throw section.failure(key, "the minimum \(minimum.name) is above the maximum \(maximum.name)")
        }
        return (minimum, maximum)
    }

    private func version(_ key: String) throws(WebConfigurationError) -> TLSVersion? {
        guard let text = try section.scalar(key)?.text else { return nil }
        guard let version = TLSVersion.allCases.first(where: { $0.name == text }) else {
            let allowed = TLSVersion.allCases.map(\.name).joined(separator: ", ")
            throw section.failure(key, "unknown TLS version \(Quoting.value(text)); allowed are \(allowed)")
        }
        return version
    }

    private func cipherSuites(upTo version: TLSVersion) throws(WebConfigurationError) -> [CipherSuite] {
        let suites = try choices("cipher_suites", "cipher", of: CipherSuite.all, named: \.name)
        guard version == .tls13 || suites.isEmpty || suites.contains(where: { !$0.isTLS13 }) else {
            throw section.failure("cipher_suites", "none of them can be used with max_version \(version.name)")
        }
        return suites
    }

    private func curves() throws(WebConfigurationError) -> [Curve] {
        try choices("curve_preferences", "curve", of: Curve.all, named: \.name)
    }

    /// What the names in a list stand for, without repetitions.
    private func choices<Choice: Equatable>(
        _ key: String, _ noun: String, of all: [Choice], named name: (Choice) -> String
    ) throws(WebConfigurationError) -> [Choice] {
        var choices: [Choice] = []
        for element in try section.list(key) ?? [] {
            guard let choice = all.first(where: { name($0) == element.text }) else {
                throw WebConfigurationError(
                    line: element.line,
                    "\(section.path(key)): unknown \(noun) \(Quoting.value(element.text)); allowed are "
                        + all.map(name).joined(separator: ", "))
            }
            if !choices.contains(choice) { choices.append(choice) }
        }
        return choices
    }
}
