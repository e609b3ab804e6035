import Kernel
import TLS
import Testing

@Suite struct ContextTests {
    let authorities: Authorities

    init() throws {
        authorities = try Authorities.shared.get()
    }

    @Test func `a certificate tells whose it is and when it ends`() throws {
        let now = Int64(Clock.realtimeNanoseconds() / 1_000_000_000)
        let context = try TLSContext(authorities.setup())
        #expect(context.subject == "CN=localhost,O=Grün")
        let lifetime = context.notAfterUnixSeconds - now
        #expect((29 * 86_400...30 * 86_400).contains(lifetime))
        #expect(context.isExpired(atUnixSeconds: now) == false)
        #expect(context.isExpired(atUnixSeconds: context.notAfterUnixSeconds) == false)
        #expect(context.isExpired(atUnixSeconds: context.notAfterUnixSeconds + 1) == true)
    }

    @Test func `a certificate without a subject is called by its first name`() throws {
        #expect(try TLSContext(authorities.setup("server-nameless")).subject == "first.example")
    }

    @Test func `a certificate that has expired is served all the same, and known as such`() throws {
        let context = try TLSContext(authorities.setup("server-expired"))
        #expect(context.isExpired(atUnixSeconds: Int64(Clock.realtimeNanoseconds() / 1_000_000_000)) == true)
        var pair = try Pair.connect(context, .init(trusts: nil))
        #expect(pair.shake().server == .done)
    }

    @Test(arguments: [
        ("server", "server-rsa", "the key does not belong to the certificate"),
        ("server", "client", "the key does not belong to the certificate"),
        ("server", "server-encrypted", "the key is encrypted: store it without a passphrase"),
        ("server", "server-legacy", "the key is encrypted: store it without a passphrase"),
        ("server", "parameters", "the key cannot be parsed: "),
        ("server", "nothing", "the key cannot be parsed: "),
        ("nothing", "server", "the certificate cannot be parsed: it holds no certificate in PEM form"),
    ])
    func `a certificate and key that do not work are named`(certificate: String, key: String, message: String) {
        let setup = ServerSetup(
            certificate: authorities["\(certificate).crt"], key: authorities["\(key).key"])
        #expect(refusal(setup)?.hasPrefix(message) == true)
    }

    @Test func `a key where the certificate should be is not shown`() throws {
        let key = authorities["server.key"]
        let swapped = ServerSetup(certificate: key, key: authorities["server.crt"])
        #expect(refusal(swapped)?.hasPrefix("the key cannot be parsed: ") == true)
        let twice = ServerSetup(certificate: key, key: key)
        #expect(refusal(twice) == "the certificate cannot be parsed: it holds no certificate in PEM form")
        #expect(
            refusal(ServerSetup(certificate: authorities["server.crt"], key: Array(key.dropLast(60))))?.contains(
                "MI") == false)
    }

    @Test func `a certificate that is cut off cannot be parsed`() {
        var setup = authorities.setup()
        setup.certificate = Array(setup.certificate.dropLast(80))
        #expect(refusal(setup)?.hasPrefix("the certificate cannot be parsed: ") == true)
        setup = authorities.setup("server-chain")
        setup.certificate = Array(setup.certificate.dropLast(80))
        #expect(refusal(setup)?.hasPrefix("the certificate cannot be parsed: ") == true)
    }

    @Test func `settings that contradict themselves are refused`() {
        var setup = authorities.setup()
        setup.settings.minimumVersion = .tls13
        setup.settings.maximumVersion = .tls12
        #expect(refusal(setup) == "the minimum version of TLS is above the maximum")
        setup = authorities.setup()
        setup.settings.clientAuthentication = .requireAndVerify
        #expect(refusal(setup) == "client certificates are to be verified, but there is no client CA")
        setup.clientAuthorities = Array("nothing".utf8)
        #expect(refusal(setup) == "the client CA cannot be parsed: it holds no certificate in PEM form")
    }

    @Test func `names that OpenSSL does not know are said`() {
        var setup = authorities.setup()
        setup.settings.cipherSuites =
            cipherSuites("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256") + [unknownCipherSuite]
        #expect(refusal(setup) == "OpenSSL knows no cipher that is called 'ROT13'")
        setup = authorities.setup()
        setup.settings.curves = Curve.all + [unknownCurve]
        #expect(refusal(setup) == "OpenSSL knows no group for the key exchange that is called 'P-13'")
    }

    @Test func `a client CA file of too many certificates is refused`() {
        var setup = authorities.setup()
        setup.settings.clientAuthentication = .request
        setup.clientAuthorities = [[UInt8]](repeating: authorities["ca.crt"], count: 1025).flatMap { $0 }
        #expect(refusal(setup) == "the client CA has more than 1024 certificates")
    }

    @Test(arguments: [("libnothing.so.3", "libcrypto.so.3"), ("libssl.so.3", "libnothing.so.3")])
    func `a missing library is told with the package that has it`(ssl: String, crypto: String) {
        let text = resolve(ssl, crypto)
        #expect(text?.hasPrefix("OpenSSL cannot be loaded: install the Debian package libssl3") == true)
        #expect(text?.contains("libnothing.so.3") == true)
    }

    @Test func `a library without a function is told by its name`() {
        #expect(resolve("libc.so.6", "libcrypto.so.3")?.hasPrefix("OpenSSL lacks OPENSSL_init_ssl:") == true)
        #expect(resolve("libssl.so.3", "libc.so.6")?.hasPrefix("OpenSSL lacks ERR_clear_error:") == true)
    }

    private func refusal(_ setup: ServerSetup) -> String? {
        do {
            _ = try TLSContext(setup)
            return nil
        } catch { return error.message }
    }
}
