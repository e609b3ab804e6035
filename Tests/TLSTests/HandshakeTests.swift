import CTLSClient
import Glibc
import Kernel
import TLS
import Testing

@Suite struct HandshakeTests {
    let authorities: Authorities

    init() throws {
        authorities = try Authorities.shared.get()
    }

    @Test(arguments: [12, 13] as [Int32])
    func `a client is answered in the version that it speaks`(version: Int32) throws {
        let context = try TLSContext(authorities.setup())
        var pair = try Pair.established(context, .init(version: version))
        #expect(pair.client.version == version)
        pair.client.write("question")
        #expect(pair.receive() == (.bytes(8), "question"))
        #expect(pair.send("answer") == .bytes(6))
        #expect(pair.client.readText() == "answer")
    }

    @Test func `the newest version that both speak is chosen`() throws {
        var setup = authorities.setup()
        #expect(try Pair.established(try TLSContext(setup)).client.version == 13)
        setup.settings.maximumVersion = .tls12
        #expect(try Pair.established(try TLSContext(setup)).client.version == 12)
    }

    @Test(
        arguments: [
            (10, .tls12, .tls13), (11, .tls12, .tls13), (12, .tls13, .tls13), (13, .tls12, .tls12),
            (10, .tls11, .tls12),
        ] as [(Int32, TLSVersion, TLSVersion)])
    func `a version outside the settings is refused`(version: Int32, minimum: TLSVersion, maximum: TLSVersion) throws {
        var setup = authorities.setup()
        (setup.settings.minimumVersion, setup.settings.maximumVersion) = (minimum, maximum)
        var pair = try Pair.connect(try TLSContext(setup), .init(version: version))
        #expect(failureKind(pair.shake().server) == .nothingInCommon)
        #expect(pair.client.alert == 70)
    }

    @Test(arguments: [10, 11] as [Int32])
    func `a forbidden version is spoken if the settings say so`(version: Int32) throws {
        var setup = authorities.setup()
        setup.settings.minimumVersion = .tls10
        #expect(try Pair.established(try TLSContext(setup), .init(version: version)).client.version == version)
    }

    @Test(
        arguments: [("server", 1), ("server-rsa", 1), ("server-chain", 2)] as [(String, Int32)], [12, 13] as [Int32])
    func `keys of both kinds and chains are served`(certificate: (name: String, length: Int32), version: Int32) throws {
        let context = try TLSContext(authorities.setup(certificate.name))
        let pair = try Pair.established(context, .init(version: version))
        #expect(pair.client.chainLength == certificate.length)
    }

    /// OpenSSL would complete the chain from the client CA, and tell clients of authorities that are none of their business.
    @Test func `the chain is what the file says`() throws {
        var setup = authorities.setup()
        setup.clientAuthorities = authorities["ca.crt"]
        setup.settings.clientAuthentication = .verifyIfGiven
        #expect(try Pair.established(try TLSContext(setup)).client.chainLength == 1)
    }

    @Test func `a key may have its parameters before it`() throws {
        let setup = ServerSetup(certificate: authorities["server.crt"], key: authorities["server-sec1.key"])
        #expect(try Pair.established(try TLSContext(setup)).client.version == 13)
    }

    @Test(arguments: [("server-expired", "ca", 45), ("server", "other-ca", 48), ("server-leaf", "ca", 48)])
    func `a client that does not trust the certificate ends it`(name: String, trusted: String, alert: Int) throws {
        var pair = try Pair.connect(try TLSContext(authorities.setup(name)), .init(trusts: trusted))
        let (server, client) = pair.shake()
        #expect(client == .failed)
        #expect(failureKind(server) == .refusedByPeer)
        #expect(pair.server.handshake() == server)
    }

    @Test(arguments: [
        (nil, ""), ("\u{8}http/1.1", "http/1.1"), ("\u{2}h2\u{8}http/1.1", "http/1.1"),
        ("\u{8}http/1.0\u{8}http/1.1", "http/1.1"),
    ])
    func `HTTP 1.1 is chosen from what the client offers`(offer: String?, chosen: String) throws {
        let pair = try Pair.established(try TLSContext(authorities.setup()), .init(protocols: offer))
        #expect(pair.client.applicationProtocol == chosen)
    }

    @Test(arguments: ["\u{2}h2", "\u{9}http/1.1x", "\u{7}http/1."])
    func `a client that offers other protocols alone is told so`(offer: String) throws {
        var pair = try Pair.connect(try TLSContext(authorities.setup()), .init(protocols: offer))
        #expect(failureKind(pair.shake().server) == .nothingInCommon)
        #expect(pair.client.alert == 120)
    }

    @Test(arguments: [(true, "ECDHE-ECDSA-AES128-GCM-SHA256"), (false, "ECDHE-ECDSA-AES256-GCM-SHA384")])
    func `the order of ciphers is the server's if it wants that`(prefers: Bool, cipher: String) throws {
        var setup = authorities.setup()
        setup.settings.cipherSuites = cipherSuites(
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
        setup.settings.prefersServerCipherSuites = prefers
        let options = Client.Options(
            version: 12, ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")
        #expect(try Pair.established(try TLSContext(setup), options).client.cipher == cipher)
    }

    @Test func `the cipher suites and curves are those of the settings`() throws {
        var setup = authorities.setup()
        setup.settings.cipherSuites = cipherSuites("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")
        setup.settings.curves = Curve.all.filter { $0.name == "CurveP384" }
        let context = try TLSContext(setup)
        #expect(try Pair.established(context, .init(version: 12)).client.cipher == "ECDHE-ECDSA-CHACHA20-POLY1305")
    }

    /// As in Go.
    @Test func `all cipher suites of TLS 1.3 are offered, whatever the settings list`() throws {
        var setup = authorities.setup()
        setup.settings.cipherSuites = cipherSuites("TLS_CHACHA20_POLY1305_SHA256")
        let context = try TLSContext(setup)
        #expect(try Pair.established(context, .init(version: 13)).client.cipher == "TLS_AES_128_GCM_SHA256")
    }

    /// The server's order is Go's. Who puts ChaCha20 first has no fast AES.
    @Test(arguments: [
        (true, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
        (true, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"),
        (true, "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
        (false, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"),
    ])
    func `in TLS 1.3 the shorter keys of AES come first if the server's order counts`(
        prefers: Bool, offer: String, cipher: String
    ) throws {
        var setup = authorities.setup()
        setup.settings.prefersServerCipherSuites = prefers
        let options = Client.Options(version: 13, ciphers: offer)
        #expect(try Pair.established(try TLSContext(setup), options).client.cipher == cipher)
    }

    @Test(arguments: ["ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"])
    func `a client without a cipher in common is told so`(ciphers: String) throws {
        var pair = try Pair.connect(
            try TLSContext(authorities.setup()), .init(version: 12, ciphers: ciphers + ":@SECLEVEL=0"))
        #expect(failureKind(pair.shake().server) == .nothingInCommon)
        #expect(pair.client.alert == 40)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD / HTTP/1.0\r\n\r\n", "POST /", "CONNECT x:1 HTTP/1.1\r\n\r\n",
    ])
    func `a request without TLS is told from other bytes, and nothing is sent to it`(request: String) throws {
        var relay = try Relay(try TLSContext(authorities.setup()))
        relay.deliver(Array(request.utf8))
        #expect(failureKind(relay.handshake()) == .plainHTTP)
        #expect(relay.takeFromServer().isEmpty)
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\0\0\0\0\0\0\0\0", "\u{16}\u{3}\u{1}\u{7f}\u{7f}\u{1}\0\0\0", "EHLO x\r\n",
    ])
    func `bytes that are no TLS end the session`(bytes: String) throws {
        var relay = try Relay(try TLSContext(authorities.setup()))
        relay.deliver(Array(bytes.utf8))
        #expect(failureKind(relay.handshake()) == .notTLS)
    }

    @Test func `a handshake that stops anywhere and leaves is the peer's leaving`() throws {
        let context = try TLSContext(authorities.setup())
        let hello = try Relay(context).hello()
        #expect(hello.count > 100)
        for length in 0..<hello.count {
            var relay = try Relay(context)
            relay.deliver(hello.prefix(length))
            let waiting = relay.handshake()
            relay.hangUp()
            let step = relay.handshake()
            #expect(waiting == .wantsRead && failureKind(step) == .peerLeft, "\(length) bytes")
        }
    }

    @Test func `a handshake that comes byte by byte is one`() throws {
        var relay = try Relay(try TLSContext(authorities.setup()))
        var step = TLSStep.wantsRead
        for _ in 0..<3 {
            for byte in relay.hello() {
                #expect(step == .wantsRead)
                relay.deliver([byte])
                step = relay.handshake()
            }
            relay.answer()
        }
        #expect(step == .done)
    }

    @Test(arguments: 0..<64)
    func `a hello with a byte changed is refused or understood`(seed: Int) throws {
        let context = try TLSContext(authorities.setup())
        var hello = try Relay(context).hello()
        hello[seed * hello.count / 64] ^= UInt8(1 + seed)
        var relay = try Relay(context)
        relay.deliver(hello)
        let step = relay.handshake()
        relay.hangUp()
        #expect(step == .wantsRead || failureKind(step) != nil)
        #expect(failureKind(relay.handshake()) != nil)
    }

    /// OpenSSL keeps one queue of errors for the thread, and would take what is in it for the next session's.
    @Test func `an error of one session does not speak for another's`() throws {
        let context = try TLSContext(authorities.setup())
        var good = try Pair.established(context)
        var waiting = try Pair.connect(context)
        tls_client_leave_error()
        #expect(good.receive().transfer == .wantsRead)
        tls_client_leave_error()
        #expect(waiting.server.handshake() == .wantsRead)
        let page = [UInt8](repeating: 7, count: 1_000_000)
        _ = good.send(page)
        tls_client_leave_error()
        #expect(good.send(page) == .wantsWrite)
    }

    @Test func `a session lives on when its context is replaced`() throws {
        var pair = try establishedWithoutContext()
        #expect(pair.send("answer") == .bytes(6))
        #expect(pair.client.readText() == "answer")
    }

    private func establishedWithoutContext() throws -> Pair {
        var setup = authorities.setup()
        setup.clientAuthorities = authorities["ca.crt"]
        setup.settings.clientAuthentication = .requireAndVerify
        setup.settings.allowedSubjectAlternativeNames = ["scraper.example"]
        var pair = try Pair.connect(try TLSContext(setup), .init(certificate: "client"))
        let (step, outcome) = pair.shake()
        #expect(step == .done && outcome == .done)
        return pair
    }
}

/// The kind of failure, if it is one.
func failureKind(_ step: TLSStep) -> TLSFailure.Kind? {
    if case .failed(let failure) = step { return failure.kind }
    return nil
}

func failureKind(_ transfer: TLSTransfer) -> TLSFailure.Kind? {
    if case .failed(let failure) = transfer { return failure.kind }
    return nil
}
