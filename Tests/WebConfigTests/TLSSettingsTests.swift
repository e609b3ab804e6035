import TLS
import Testing
import WebConfig

@Suite struct TLSSettingsTests {
    @Test func `without more, TLS 1.2 and 1.3 are offered and clients need no certificate`() throws {
        let tls = try #require(try configuration(tlsConfiguration()).tls)
        #expect(
            tls
                == WebConfiguration.TLSConfiguration(
                    certificate: .file("/etc/exporter/server.crt"), key: .file("/etc/exporter/server.key")))
        #expect(tls.settings.minimumVersion == .tls12)
        #expect(tls.settings.maximumVersion == .tls13)
        #expect(tls.settings.clientAuthentication == .none)
        #expect(tls.settings.prefersServerCipherSuites)
    }

    @Test func `certificates and keys may stand in the file itself`() throws {
        let tls = try #require(
            try configuration(
                """
                tls_server_config:
                  cert: |
                    Certificate: text that openssl prints
                    -----BEGIN CERTIFICATE-----
                    AAAA
                    -----END CERTIFICATE-----
                  key: "-----BEGIN PRIVATE KEY-----\\nBBBB\\n-----END PRIVATE KEY-----\\n"
                  client_ca: "-----BEGIN CERTIFICATE-----\\r\\nCCCC\\r\\n-----END CERTIFICATE-----\\r\\n"
                  client_auth_type: VerifyClientCertIfGiven
                """
            ).tls)
        #expect(
            tls.certificate
                == inline(
                    "Certificate: text that openssl prints\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
                ))
        #expect(tls.key == inline("-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n"))
        #expect(tls.clientAuthorities == inline("-----BEGIN CERTIFICATE-----\r\nCCCC\r\n-----END CERTIFICATE-----\r\n"))
        #expect(tls.settings.clientAuthentication == .verifyIfGiven)
        #expect(tls.paths == [])
    }

    @Test(
        arguments: [
            ("server.crt", "/etc/exporter", "/etc/exporter/server.crt"),
            ("sub/../server.crt", "/", "/sub/../server.crt"),
            ("/run/x.crt", "/etc/exporter", "/run/x.crt"),
            ("server.crt", ".", "./server.crt"),
            ("with a blank.crt", "/etc", "/etc/with a blank.crt"),
            ("${CREDENTIALS_DIRECTORY}/tls.crt", "/etc", "/run/credentials/unit/tls.crt"),
            ("x/${CREDENTIALS_DIRECTORY}", "/etc", "/etc/x/${CREDENTIALS_DIRECTORY}"),
            ("$CREDENTIALS_DIRECTORY/x", "/etc", "/etc/$CREDENTIALS_DIRECTORY/x"),
            ("${HOME}/x", "/etc", "/etc/${HOME}/x"),
        ])
    func `a path refers to the file's directory or to the credentials`(path: String, directory: String, meant: String)
        throws
    {
        let read = try configuration(
            "tls_server_config: {cert_file: '\(path)', key_file: /k}", directory: directory,
            credentials: "/run/credentials/unit")
        #expect(read.tls?.certificate == .file(meant))
        #expect(read.tls?.paths == [meant, "/k"])
    }

    @Test(
        arguments: [
            ("NoClientCert", .none), ("RequestClientCert", .request), ("RequireAnyClientCert", .requireAny),
            ("RequireClientCert", .requireAny), ("VerifyClientCertIfGiven", .verifyIfGiven),
            ("RequireAndVerifyClientCert", .requireAndVerify), ("''", .none), ("~", .none),
        ] as [(String, ClientAuthentication)])
    func `every policy for clients' certificates is known`(name: String, policy: ClientAuthentication)
        throws
    {
        let authorities = policy.verifies ? "client_ca_file: ca.pem" : ""
        let tls = try configuration(tlsConfiguration("client_auth_type: \(name)", authorities)).tls
        #expect(tls?.settings.clientAuthentication == policy)
        #expect(tls?.clientAuthorities == (policy.verifies ? .file("/etc/exporter/ca.pem") : nil))
    }

    /// Many examples have it so. Go asks then, by the system's authorities, but serves whoever has no certificate all the same.
    @Test func `asking for certificates that nothing depends on is left out`() throws {
        let tls = try configuration(tlsConfiguration("client_auth_type: VerifyClientCertIfGiven")).tls
        #expect(tls?.settings.clientAuthentication == ClientAuthentication.none)
    }

    @Test(
        arguments: [("TLS10", .tls10), ("TLS11", .tls11), ("TLS12", .tls12), ("TLS13", .tls13)]
            as [(String, TLSVersion)])
    func `every version is known`(name: String, version: TLSVersion) throws {
        let tls = try configuration(tlsConfiguration("min_version: \(name)", "max_version: \(name)")).tls
        #expect(tls?.settings.minimumVersion == version)
        #expect(tls?.settings.maximumVersion == version)
        #expect(version.name == name)
    }

    @Test func `every cipher suite and curve is known, and a repeated one counts once`() throws {
        let suites = CipherSuite.all.map(\.name).joined(separator: ", ")
        let curves = Curve.all.map(\.name).joined(separator: ", ")
        let tls = try #require(
            try configuration(
                tlsConfiguration("cipher_suites: [\(suites), \(suites)]", "curve_preferences: [\(curves), \(curves)]")
            ).tls)
        #expect(tls.settings.cipherSuites == CipherSuite.all)
        #expect(tls.settings.cipherSuites.filter(\.isTLS13).count == 3)
        #expect(tls.settings.cipherSuites.count == 17)
        #expect(tls.settings.curves.map(\.name) == ["CurveP256", "CurveP384", "CurveP521", "X25519"])
    }

    @Test func `a list with ciphers of TLS 1.3 only leaves no other version, as in Go`() throws {
        let tls = try configuration(tlsConfiguration("cipher_suites: [TLS_AES_128_GCM_SHA256]")).tls
        #expect(tls?.settings.minimumVersion == .tls13)
        let both = try configuration(
            tlsConfiguration("cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]")
        ).tls
        #expect(both?.settings.minimumVersion == .tls12)
    }

    @Test(arguments: [
        ("true", true), ("True", true), ("TRUE", true), ("yes", true), ("Y", true), ("on", true), ("false", false),
        ("No", false), ("OFF", false), ("n", false), ("~", true),
    ])
    func `a truth value may be written as in YAML 1.1`(text: String, value: Bool) throws {
        let tls = try configuration(tlsConfiguration("prefer_server_cipher_suites: \(text)")).tls
        #expect(tls?.settings.prefersServerCipherSuites == value)
    }

    private func inline(_ text: String) -> WebConfiguration.PEMSource { .inline(Array(text.utf8)) }
}
