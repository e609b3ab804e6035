import Passwords
import TLS
import Testing
import WebConfig

@Suite struct WebConfigurationTests {
    @Test(arguments: [
        "", "\n", "# nothing\n", "---\n", "---\n...\n", "~", "null\n", "{}", "%YAML 1.1\n---\n{}\n", "\u{FEFF}",
        "tls_server_config:\n", "tls_server_config: {}\n", "http_server_config:\n",
        "http_server_config: {headers: {}}\n",
        "http_server_config:\n  headers:\n", "http_server_config: {http2: true}", "http_server_config: {http2: off}",
        "basic_auth_users:\n", "basic_auth_users: {}", "rate_limit:\n", "rate_limit:\n  interval: 0\n  burst: 0\n",
        "rate_limit: {burst: 5}", "rate_limit: {interval: 0s, burst: 5}", "rate_limit:\n  interval:\n  burst:\n",
        "tls_server_config: ~\nhttp_server_config: Null\nbasic_auth_users: NULL\nrate_limit: null\n",
    ])
    func `a file that says nothing configures nothing`(yaml: String) throws {
        #expect(try configuration(yaml) == WebConfiguration())
    }

    @Test func `a whole file is read`() throws {
        let read = try configuration(
            """
            # What an administrator may write.
            tls_server_config:
              cert_file: server.crt
              key_file: /etc/ssl/private/server.key
              client_ca_file: "clients/ca.pem"
              client_auth_type: 'RequireAndVerifyClientCert'
              client_allowed_sans:
                - prometheus.example.org
                - 192.0.2.1
              min_version: TLS12
              max_version: TLS13
              cipher_suites:
              - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
              - TLS_AES_128_GCM_SHA256
              prefer_server_cipher_suites: false
              curve_preferences: [X25519, CurveP256]
            http_server_config:
              http2: false
              headers:
                Strict-Transport-Security: max-age=31536000; includeSubDomains
                X-Frame-Options: deny
                X-Content-Type-Options: nosniff
                X-XSS-Protection: 1
                Content-Security-Policy: >-
                  default-src 'none';
                  frame-ancestors 'none'
            basic_auth_users:
              prometheus: \(bcryptHash)
              "grafana agent": "\(bcryptHash)"
            rate_limit:
              interval: 1m30s
              burst: 20
            """)
        var tls = WebConfiguration.TLSConfiguration(
            certificate: .file("/etc/exporter/server.crt"), key: .file("/etc/ssl/private/server.key"))
        tls.clientAuthorities = .file("/etc/exporter/clients/ca.pem")
        tls.settings.clientAuthentication = .requireAndVerify
        tls.settings.allowedSubjectAlternativeNames = ["prometheus.example.org", "192.0.2.1"]
        tls.settings.cipherSuites = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"].compactMap {
            name in
            CipherSuite.all.first { $0.name == name }
        }
        tls.settings.curves = ["X25519", "CurveP256"].compactMap { name in Curve.all.first { $0.name == name } }
        tls.settings.prefersServerCipherSuites = false
        #expect(read.tls == tls)
        #expect(
            read.headers.map { "\($0.name): \($0.value)" } == [
                "Strict-Transport-Security: max-age=31536000; includeSubDomains", "X-Frame-Options: deny",
                "X-Content-Type-Options: nosniff", "X-XSS-Protection: 1",
                "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
            ])
        #expect(read.users.map(\.name) == ["prometheus", "grafana agent"])
        #expect(read.users.map(\.hash) == [BcryptHash(bcryptHash), BcryptHash(bcryptHash)])
        #expect(read.users.map(\.hash.cost) == [10, 10])
        #expect(read.rateLimit?.intervalNanoseconds == 90_000_000_000)
        #expect(read.rateLimit?.burst == 20)
    }

    @Test func `the same in JSON, which is YAML too`() throws {
        let json = """
            {"tls_server_config": {"cert_file": "server.crt", "key_file": "server.key"},
             "basic_auth_users": {"prometheus": "\(bcryptHash)"}}
            """
        let yaml = tlsConfiguration() + "basic_auth_users:\n  prometheus: \(bcryptHash)\n"
        #expect(try configuration(json) == configuration(yaml))
    }

    @Test func `an alias repeats a single value`() throws {
        let read = try configuration(
            "tls_server_config: {cert_file: &both server.pem, key_file: *both}\n"
                + "basic_auth_users: {alice: &hash \(bcryptHash), bob: *hash}\n")
        #expect(read.tls?.paths == ["/etc/exporter/server.pem", "/etc/exporter/server.pem"])
        #expect(read.users.map(\.hash) == [BcryptHash(bcryptHash), BcryptHash(bcryptHash)])
    }

    @Test func `a string that is tagged as one is one`() throws {
        let read = try configuration("basic_auth_users: !!map {!!str 1: !!str \(bcryptHash), ! ~: '\(bcryptHash)'}")
        #expect(read.users.map(\.name) == ["1", "~"])
    }

    @Test(
        arguments: [("UTF-16LE", [0xFF, 0xFE], true), ("UTF-16BE", [0xFE, 0xFF], false)] as [(String, [UInt8], Bool)])
    func `a file in UTF-16 is read like one in UTF-8`(name: String, mark: [UInt8], isLittle: Bool) throws {
        let units = "rate_limit: {interval: 5\u{B5}s, burst: 1}".utf16
        let bytes = units.flatMap { unit in
            isLittle ? [UInt8(unit & 0xFF), UInt8(unit >> 8)] : [UInt8(unit >> 8), UInt8(unit & 0xFF)]
        }
        #expect(try configuration(mark + bytes).rateLimit?.intervalNanoseconds == 5000)
    }

    @Test func `what is shown of settings holds no secret`() throws {
        let read = try configuration(
            "tls_server_config: {cert: '-----BEGIN CERTIFICATE-----', key: '-----BEGIN PRIVATE KEY-----'}\n"
                + "basic_auth_users: {alice: \(bcryptHash)}\n")
        #expect("\(read)".contains("alice"))
        #expect(!"\(read)".contains("$2y$"))
        #expect(!"\(read)".contains("PRIVATE"))
        #expect(!"\(read)".contains("80, 82, 73"))
    }
}
