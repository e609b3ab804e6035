import Testing

/// A file that must be refused, in which line, and a part of the reason.
struct RefusedFile: CustomTestStringConvertible {
    let yaml: String
    let line: Int
    let reason: String

    init(_ line: Int, _ reason: String, _ yaml: String) {
        self.yaml = yaml
        self.line = line
        self.reason = reason
    }

    /// In `tls_server_config`, behind a certificate and a key.
    init(tls line: Int, _ reason: String, _ lines: String) {
        self.init(line, reason, tlsConfiguration(lines))
    }

    var testDescription: String { "\(reason): \(yaml.prefix(80).debugDescription)" }

    static let all = yaml + limits + keys + types + pairs + clients + versions + names + headers + users + rates

    private static let yaml = [
        RefusedFile(1, "this is no YAML: did not find expected node content", "{,"),
        RefusedFile(2, "this is no YAML", "rate_limit:\n\tburst: 1\n"),
        RefusedFile(2, "this is no YAML", "rate_limit: {\n"),
        RefusedFile(3, "this is no YAML: could not find expected ':'", "a: 1\nb\nc: 2\n"),
        RefusedFile(1, "this is no YAML: found unexpected end of stream", "a: 'b"),
        RefusedFile(1, "this is no YAML: control characters are not allowed", "a: \u{1}\n"),
        RefusedFile(1, "the file is not a mapping", "junk"),
        RefusedFile(1, "the file is not a mapping", "- a\n- b\n"),
        RefusedFile(2, "the file is not a mapping", "# comment\n'~'\n"),
        RefusedFile(3, "a second document begins here", "rate_limit:\n  burst: 1\n---\nrate_limit:\n"),
        RefusedFile(2, "an alias repeats an anchor that was not set before", "rate_limit:\n  burst: *x\n"),
        RefusedFile(1, "an alias repeats a list or a mapping", "rate_limit: &x {burst: *x}\n"),
        RefusedFile(2, "an alias repeats a list or a mapping", "rate_limit: &x {burst: 1}\nhttp_server_config: *x\n"),
        RefusedFile(2, "a key in rate_limit is unknown", "rate_limit:\n  ? ''\n  : 1\n"),
        RefusedFile(2, "a key is a list or a mapping", "rate_limit:\n  [a]: 1\n"),
        RefusedFile(1, "a tag gives a type that is not used here; allowed is !!str", "rate_limit: {burst: !!int 1}\n"),
        RefusedFile(1, "a tag gives a type that is not used here; allowed is !!map", "rate_limit: !x {burst: 1}\n"),
        RefusedFile(
            4, "a tag gives a type that is not used here; allowed is !!seq",
            tlsConfiguration("cipher_suites: !!set []")),
        RefusedFile(
            1, "a tag gives a type that is not used here; allowed is !!str",
            "basic_auth_users: {a: !!binary \(bcryptHash)}"),
    ]

    private static let limits = [
        RefusedFile(1, "the file is longer than 1 MiB", String(repeating: "#", count: 1 << 20 + 1)),
        RefusedFile(1, "values are nested more than 8 deep", String(repeating: "[", count: 10_000)),
        RefusedFile(1, "values are nested more than 8 deep", String(repeating: "{a: ", count: 9)),
        RefusedFile(1, "the file has more than 20000 values", "[" + String(repeating: "a,", count: 20_000) + "]"),
        RefusedFile(
            4, "the list is longer than 256 elements",
            tlsConfiguration("client_allowed_sans: [" + String(repeating: "a,", count: 257) + "]")),
    ]

    private static let keys = [
        RefusedFile(
            1,
            "the key 'tls_config' is unknown; allowed are tls_server_config, http_server_config, "
                + "basic_auth_users, rate_limit", "tls_config:\n"),
        RefusedFile(tls: 4, "the key 'certfile' in tls_server_config is unknown", "certfile: x"),
        RefusedFile(tls: 4, "the key 'Cert_file' in tls_server_config is unknown", "Cert_file: x"),
        RefusedFile(tls: 4, "a key in tls_server_config is unknown; merging is not offered", "<<: {}"),
        RefusedFile(
            2, "the key 'http3' in http_server_config is unknown; allowed are http2, headers",
            "http_server_config:\n  http3: true\n"),
        RefusedFile(
            2, "the key 'rate' in rate_limit is unknown; allowed are interval, burst", "rate_limit:\n  rate: 1\n"),
        RefusedFile(3, "'rate_limit' is given twice, first in line 1", "rate_limit:\n  burst: 1\nrate_limit:\n"),
        RefusedFile(tls: 4, "'key_file' is given twice, first in line 3", "key_file: x"),
        RefusedFile(
            3, "'alice' is given twice, first in line 2",
            "basic_auth_users:\n  alice: \(bcryptHash)\n  'alice': \(bcryptHash)\n"),
        RefusedFile(
            4, "'X-XSS-Protection' is given twice, first in line 3",
            "http_server_config:\n  headers:\n    X-XSS-Protection: 0\n    X-XSS-Protection: 1\n"),
    ]

    private static let types = [
        RefusedFile(1, "tls_server_config is not a mapping", "tls_server_config: yes\n"),
        RefusedFile(1, "tls_server_config is not a mapping", "tls_server_config: ''\n"),
        RefusedFile(1, "basic_auth_users is not a mapping", "basic_auth_users:\n- alice: x\n"),
        RefusedFile(2, "http_server_config.headers is not a mapping", "http_server_config:\n  headers: []\n"),
        RefusedFile(
            2, "tls_server_config.cert_file: it is a list or a mapping; allowed is a single value",
            "tls_server_config:\n  cert_file: [server.crt]\n"),
        RefusedFile(2, "tls_server_config.cert: it is a list or a mapping", "tls_server_config:\n  cert: {a: b}\n"),
        RefusedFile(
            tls: 4, "tls_server_config.cipher_suites: it is not a list", "cipher_suites: TLS_AES_128_GCM_SHA256"),
        RefusedFile(
            tls: 5, "tls_server_config.cipher_suites: an element is not a single value",
            "cipher_suites:\n  - [TLS_AES_128_GCM_SHA256]"),
        RefusedFile(
            tls: 6, "tls_server_config.cipher_suites: an element is not a single value",
            "cipher_suites:\n  - TLS_AES_128_GCM_SHA256\n  -"),
        RefusedFile(tls: 4, "tls_server_config.min_version: it is a list or a mapping", "min_version: [TLS12]"),
        RefusedFile(
            tls: 4,
            "tls_server_config.prefer_server_cipher_suites: 'maybe' is not allowed; "
                + "allowed are true and false", "prefer_server_cipher_suites: maybe"),
        RefusedFile(
            tls: 4, "'true' is not allowed; allowed are true and false, without quotation marks",
            "prefer_server_cipher_suites: 'true'"),
        RefusedFile(tls: 4, "'tRUE' is not allowed", "prefer_server_cipher_suites: tRUE"),
        RefusedFile(tls: 4, "'1' is not allowed", "prefer_server_cipher_suites: 1"),
        RefusedFile(1, "http_server_config.http2: '2' is not allowed", "http_server_config: {http2: 2}"),
    ]

    private static let pairs = [
        RefusedFile(1, "tls_server_config: missing one of cert or cert_file", "tls_server_config: {key_file: k}\n"),
        RefusedFile(
            2, "tls_server_config: missing one of key or key_file",
            "rate_limit:\ntls_server_config: {cert_file: k}\n"),
        RefusedFile(
            1, "tls_server_config: missing one of cert or cert_file",
            "tls_server_config:\n  cert_file: ''\n  key_file: ''\n"),
        RefusedFile(
            1, "tls_server_config: missing one of cert or cert_file",
            "tls_server_config:\n  client_auth_type: NoClientCert\n"),
        RefusedFile(
            1, "tls_server_config: missing one of cert or cert_file", "tls_server_config:\n  min_version: TLS13\n"),
        RefusedFile(
            2, "tls_server_config.cert_file: cert is given too; allowed is one of them",
            "tls_server_config:\n  cert_file: c\n  cert: '-----BEGIN CERTIFICATE-----'\n  key_file: k\n"),
        RefusedFile(tls: 3, "tls_server_config.key_file: key is given too", "key: '-----BEGIN PRIVATE KEY-----'"),
        RefusedFile(
            tls: 4, "tls_server_config.client_ca_file: client_ca is given too",
            "client_ca_file: ca\n  client_ca: '-----BEGIN CERTIFICATE-----'"),
        RefusedFile(
            2, "tls_server_config.cert: it is no PEM text; the path of a file belongs in cert_file",
            "tls_server_config:\n  cert: server.crt\n  key_file: k\n"),
        RefusedFile(
            2, "tls_server_config.cert_file: it is not a path; PEM text belongs in cert",
            "tls_server_config:\n  cert_file: |\n    -----BEGIN CERTIFICATE-----\n  key_file: k\n"),
        RefusedFile(
            2, "tls_server_config.cert_file: it is not a path",
            "tls_server_config:\n  cert_file: \"a\\0b\"\n  key_file: k\n"),
        RefusedFile(
            2, "tls_server_config.cert_file: the path is too long",
            "tls_server_config:\n  cert_file: \(String(repeating: "x", count: 4096))\n  key_file: k\n"),
        RefusedFile(
            2, "tls_server_config.cert_file: CREDENTIALS_DIRECTORY is not set",
            "tls_server_config:\n  cert_file: ${CREDENTIALS_DIRECTORY}/crt\n  key_file: k\n"),
    ]

    private static let clients = [
        RefusedFile(
            tls: 4,
            "tls_server_config.client_auth_type: 'Always' is not allowed; allowed are NoClientCert, "
                + "RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
            "client_auth_type: Always"),
        RefusedFile(tls: 4, "client CA's have been configured without a Client Auth Policy", "client_ca_file: ca.pem"),
        RefusedFile(
            tls: 5, "client CA's have been configured without a Client Auth Policy",
            "client_auth_type: NoClientCert\n  client_ca: '-----BEGIN CERTIFICATE-----'"),
        RefusedFile(
            tls: 4,
            "tls_server_config.client_allowed_sans: names prove nothing with client_auth_type NoClientCert; "
                + "allowed is RequireAndVerifyClientCert", "client_allowed_sans: [a]"),
        RefusedFile(
            tls: 5, "names prove nothing with client_auth_type RequireAnyClientCert",
            "client_auth_type: RequireClientCert\n  client_allowed_sans: [a]"),
        RefusedFile(
            tls: 6, "names prove nothing with client_auth_type VerifyClientCertIfGiven",
            "client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca\n  client_allowed_sans: [a]"),
        RefusedFile(
            tls: 4,
            "tls_server_config.client_auth_type: RequireAndVerifyClientCert needs the authorities to verify by; set",
            "client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ''"),
        RefusedFile(
            tls: 6, "the list is empty, so that no client would be served",
            "client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca\n  client_allowed_sans: []"),
        RefusedFile(
            tls: 7, "tls_server_config.client_allowed_sans: an element is not a single value",
            "client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca\n  client_allowed_sans:\n  - ''"),
    ]

    private static let versions = [
        RefusedFile(
            tls: 4,
            "tls_server_config.min_version: unknown TLS version 'TLS1.2'; "
                + "allowed are TLS10, TLS11, TLS12, TLS13", "min_version: TLS1.2"),
        RefusedFile(tls: 4, "unknown TLS version 'SSL30'", "max_version: SSL30"),
        RefusedFile(tls: 4, "unknown TLS version ''", "max_version: ''"),
        RefusedFile(
            tls: 5, "tls_server_config.min_version: the minimum TLS13 is above the maximum TLS12",
            "max_version: TLS12\n  min_version: TLS13"),
        RefusedFile(
            tls: 4, "tls_server_config.max_version: the minimum TLS12 is above the maximum TLS11",
            "max_version: TLS11"),
    ]

    private static let names = [
        RefusedFile(
            tls: 6, "tls_server_config.cipher_suites: unknown cipher 'TLS_RSA_WITH_RC4_128_SHA'; allowed are TLS_",
            "cipher_suites:\n  - TLS_AES_128_GCM_SHA256\n  - TLS_RSA_WITH_RC4_128_SHA"),
        RefusedFile(
            tls: 4, "unknown cipher 'ECDHE-RSA-AES128-GCM-SHA256'",
            "cipher_suites: [ECDHE-RSA-AES128-GCM-SHA256]"),
        RefusedFile(
            tls: 4, "none of them can be used with max_version TLS12",
            "cipher_suites: [TLS_AES_128_GCM_SHA256]\n  max_version: TLS12"),
        RefusedFile(
            tls: 4,
            "tls_server_config.curve_preferences: unknown curve 'P-256'; allowed are CurveP256, "
                + "CurveP384, CurveP521, X25519", "curve_preferences: [P-256]"),
    ]

    private static let headers = [
        RefusedFile(
            3,
            "the HTTP header 'Server' can not be configured; allowed are Content-Security-Policy, X-Frame-Options, "
                + "X-Content-Type-Options, X-XSS-Protection, Strict-Transport-Security", header("Server: nginx")),
        RefusedFile(3, "the HTTP header 'x-frame-options' can not be configured", header("x-frame-options: deny")),
        RefusedFile(
            3,
            "http_server_config.headers.X-Frame-Options: 'allow' is an invalid value for it; "
                + "allowed: deny, sameorigin", header("X-Frame-Options: allow")),
        RefusedFile(3, "'DENY' is an invalid value", header("X-Frame-Options: DENY")),
        RefusedFile(3, "'' is an invalid value", header("X-Frame-Options:")),
        RefusedFile(3, "'sniff' is an invalid value", header("X-Content-Type-Options: sniff")),
        RefusedFile(
            3, "it has a line break or another control character",
            header("Content-Security-Policy: \"a\\r\\nSet-Cookie: b\"")),
        RefusedFile(
            3, "it has a line break or another control character",
            header("Content-Security-Policy: |\n      a\n      b")),
        RefusedFile(
            3, "it has a line break or another control character", header("Content-Security-Policy: \"a\\0b\"")),
        RefusedFile(
            3, "it is longer than 4096 bytes",
            header("Content-Security-Policy: " + String(repeating: "x", count: 4097))),
        RefusedFile(3, "it is a list or a mapping", header("X-XSS-Protection: [1]")),
    ]

    private static let users = [
        RefusedFile(
            2, "basic_auth_users: 'alice' has no bcrypt hash; allowed is what 'htpasswd -nBC 10 NAME' prints",
            user("alice: secret")),
        RefusedFile(2, "'alice' has no bcrypt hash", user("alice:")),
        RefusedFile(2, "'alice' has no bcrypt hash", user("alice: [\(bcryptHash)]")),
        RefusedFile(2, "'alice' has no bcrypt hash", user("alice: $1$salt$hash")),
        RefusedFile(2, "'alice' has no bcrypt hash", user("alice: \(bcryptHash.dropLast(2))")),
        RefusedFile(2, "'alice' has no bcrypt hash", user("alice: $3y$\(bcryptHash.dropFirst(4))")),
        RefusedFile(2, "'alice' has no bcrypt hash", user("alice: 2y$\(bcryptHash.dropFirst(3))AA")),
        RefusedFile(2, "'alice' has no bcrypt hash", user("alice: $2y$03\(bcryptHash.dropFirst(6))")),
        RefusedFile(2, "'alice' has no bcrypt hash", user("alice: $2y$32\(bcryptHash.dropFirst(6))")),
        RefusedFile(2, "'alice' has no bcrypt hash", user("alice: $2y$1a\(bcryptHash.dropFirst(6))")),
    ]

    private static let rates =
        [
            "5", "-1s", "1", "s", "1x", "1 s", "1s ", "1d", "1h1ns", "soon", "1.2.3s", "1e3s", ".s", "+",
            "99999999999h",
            "18446744073709551616ns", "1s30", "\u{661}s",
        ].map { text in
            RefusedFile(
                2, "rate_limit.interval: '\(text)' is not allowed; allowed are 0 and 1ns to 1h, written like",
                "rate_limit:\n  interval: '\(text)'\n  burst: 1\n")
        }
        + ["1.5", "-01", "--1", "+1", "0x10", "010", "1_000", "1000001", "many", "'1'", "18446744073709551616"].map {
            text in
            RefusedFile(
                3,
                "rate_limit.burst: '\(text.filter { $0 != "'" })' is not allowed; allowed are the whole numbers 1 to",
                "rate_limit:\n  interval: 1s\n  burst: \(text)\n")
        }
        + [
            RefusedFile(
                2, "rate_limit.burst: it is a list or a mapping", "rate_limit:\n  burst: [1]\n  interval: 1s\n")
        ]

    private static func header(_ line: String) -> String { "http_server_config:\n  headers:\n    \(line)\n" }
    private static func user(_ line: String) -> String { "basic_auth_users:\n  \(line)\n" }
}
