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
        let context = try TLSContext(authorities.settings())
        #expect(context.subject == "CN=localhost,O=Grün")
        let lifetime = context.notAfterUnixSeconds - now
        #expect((29 * 86_400...30 * 86_400).contains(lifetime))
        #expect(context.isExpired(atUnixSeconds: now) == false)
        #expect(context.isExpired(atUnixSeconds: context.notAfterUnixSeconds) == false)
        #expect(context.isExpired(atUnixSeconds: context.notAfterUnixSeconds + 1) == true)
    }

    @Test func `a certificate without a subject is called by its first name`() throws {
        #expect(try TLSContext(authorities.settings("server-nameless")).subject == "first.example")
    }

    @Test func `a certificate that has expired is served all the same, and known as such`() throws {
        let context = try TLSContext(authorities.settings("server-expired"))
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
        let settings = TLSSettings(
            certificateChain: authorities["\(certificate).crt"], key: authorities["\(key).key"])
        #expect(refusal(settings)?.hasPrefix(message) == true)
    }

    @Test func `a key where the certificate should be is not shown`() throws {
        let key = authorities["server.key"]
        let swapped = TLSSettings(certificateChain: key, key: authorities["server.crt"])
        #expect(refusal(swapped)?.hasPrefix("the key cannot be parsed: ") == true)
        let twice = TLSSettings(certificateChain: key, key: key)
        #expect(refusal(twice) == "the certificate cannot be parsed: it holds no certificate in PEM form")
        #expect(
            refusal(TLSSettings(certificateChain: authorities["server.crt"], key: Array(key.dropLast(60))))?.contains(
                "MI") == false)
    }

    @Test func `a certificate that is cut off cannot be parsed`() {
        var settings = authorities.settings()
        settings.certificateChain = Array(settings.certificateChain.dropLast(80))
        #expect(refusal(settings)?.hasPrefix("the certificate cannot be parsed: ") == true)
        settings = authorities.settings("server-chain")
        settings.certificateChain = Array(settings.certificateChain.dropLast(80))
        #expect(refusal(settings)?.hasPrefix("the certificate cannot be parsed: ") == true)
    }

    @Test func `settings that contradict themselves are refused`() {
        var settings = authorities.settings()
        settings.minimumVersion = .tls13
        settings.maximumVersion = .tls12
        #expect(refusal(settings) == "the minimum version of TLS is above the maximum")
        settings = authorities.settings()
        settings.clientAuthentication = .requireAndVerify
        #expect(refusal(settings) == "client certificates are to be verified, but there is no client CA")
        settings.clientCA = Array("nothing".utf8)
        #expect(refusal(settings) == "the client CA cannot be parsed: it holds no certificate in PEM form")
    }

    @Test func `names that OpenSSL does not know are said`() {
        var settings = authorities.settings()
        settings.cipherList12 = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ROT13"]
        #expect(refusal(settings) == "OpenSSL knows no cipher that is called 'ROT13'")
        settings = authorities.settings()
        settings.cipherSuites13 = ["TLS_AES_128_GCM_SHA256", "TLS_ROT13"]
        #expect(refusal(settings) == "OpenSSL knows no cipher suite of TLS 1.3 that is called 'TLS_ROT13'")
        settings = authorities.settings()
        settings.groups = ["X25519", "P-13"]
        #expect(refusal(settings) == "OpenSSL knows no group for the key exchange that is called 'P-13'")
    }

    @Test func `a client CA file of too many certificates is refused`() {
        var settings = authorities.settings()
        settings.clientAuthentication = .request
        settings.clientCA = [[UInt8]](repeating: authorities["ca.crt"], count: 1025).flatMap { $0 }
        #expect(refusal(settings) == "the client CA has more than 1024 certificates")
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

    private func refusal(_ settings: TLSSettings) -> String? {
        do {
            _ = try TLSContext(settings)
            return nil
        } catch { return error.message }
    }
}
