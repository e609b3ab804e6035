import TLS
import Testing

@Suite struct ClientCertificateTests {
    let authorities: Authorities

    init() throws {
        authorities = try Authorities.shared.get()
    }

    struct Case: Sendable {
        let authentication: ClientAuthentication
        let certificate: String?
        let refusal: TLSFailure.Kind?

        init(_ authentication: ClientAuthentication, _ certificate: String?, _ refusal: TLSFailure.Kind? = nil) {
            self.authentication = authentication
            self.certificate = certificate
            self.refusal = refusal
        }
    }

    static let cases = [
        Case(.none, nil), Case(.none, "client-other"),
        Case(.request, nil), Case(.request, "client"), Case(.request, "client-other"), Case(.request, "client-expired"),
        Case(.requireAny, nil, .certificateMissing), Case(.requireAny, "client"), Case(.requireAny, "client-other"),
        Case(.requireAny, "client-expired"),
        Case(.verifyIfGiven, nil), Case(.verifyIfGiven, "client"),
        Case(.verifyIfGiven, "client-other", .certificateRefused),
        Case(.verifyIfGiven, "client-expired", .certificateExpired),
        Case(.requireAndVerify, nil, .certificateMissing), Case(.requireAndVerify, "client"),
        Case(.requireAndVerify, "client-other", .certificateRefused),
        Case(.requireAndVerify, "client-expired", .certificateExpired),
        Case(.requireAndVerify, "client-server", .certificateRefused),
        Case(.requireAndVerify, "client-chain"),
        Case(.requireAndVerify, "client-below", .certificateRefused),
    ]

    @Test(arguments: cases, [12, 13] as [Int32])
    func `a client's certificate is judged as the settings say`(expected: Case, version: Int32) throws {
        let context = try TLSContext(setup(expected.authentication))
        var pair = try Pair.connect(context, .init(certificate: expected.certificate, version: version))
        let (step, outcome) = pair.shake()
        #expect(failureKind(step) == expected.refusal)
        guard expected.refusal != nil else {
            #expect(step == .done)
            return
        }
        // In TLS 1.3 the client has done its part before it is judged, and hears of it when it reads.
        #expect(outcome == .failed || pair.client.read().outcome == .failed)
        #expect(pair.client.alert >= 40)
    }

    @Test func `a client is told which authorities it should come from, if it is asked at all`() throws {
        let asked = try Pair.established(try TLSContext(setup(.verifyIfGiven)), .init(version: 13))
        #expect(asked.client.authorityCount == 1)
        var setup = authorities.setup()
        setup.settings.clientAuthentication = .request
        let free = try Pair.established(try TLSContext(setup), .init(version: 13))
        #expect(free.client.authorityCount == 0)
    }

    @Test func `an intermediate may be the client CA`() throws {
        var setup = setup(.requireAndVerify)
        setup.clientAuthorities = authorities["intermediate.crt"]
        let context = try TLSContext(setup)
        #expect(try Pair.established(context, .init(certificate: "client-below")).client.version == 13)
        var other = try Pair.connect(context, .init(certificate: "client"))
        #expect(failureKind(other.shake().server) == .certificateRefused)
    }

    @Test func `there may be several client CAs`() throws {
        var setup = setup(.requireAndVerify)
        setup.clientAuthorities = authorities["other-ca.crt"] + authorities["ca.crt"]
        let context = try TLSContext(setup)
        #expect(try Pair.established(context, .init(certificate: "client")).client.authorityCount == 2)
        #expect(try Pair.established(context, .init(certificate: "client-other")).client.version == 13)
    }

    @Test(arguments: [
        "scraper.example", "ops@example.org", "spiffe://example.org/scraper", "192.0.2.7", "2001:db8::7",
        "2001:0DB8:0:0:0:0:0:7",
    ])
    func `a certificate with an allowed name is accepted`(name: String) throws {
        var setup = setup(.requireAndVerify)
        setup.settings.allowedSubjectAlternativeNames = ["other.example", name]
        #expect(try Pair.established(try TLSContext(setup), .init(certificate: "client")).client.version == 13)
    }

    @Test(
        arguments: [
            "", "SCRAPER.example", "scraper.example.", "scraper.exampl", "*.example", "example", "client", "CN=client",
            "ops@EXAMPLE.org", "spiffe://example.org/", "192.0.2.70", "192.0.2.7/32", "::192.0.2.7", "2001:db8::",
            "scraper.example\0",
        ], [12, 13] as [Int32])
    func `a certificate without an allowed name is refused`(name: String, version: Int32) throws {
        var setup = setup(.requireAndVerify)
        setup.settings.allowedSubjectAlternativeNames = [name]
        var pair = try Pair.connect(try TLSContext(setup), .init(certificate: "client", version: version))
        let (step, outcome) = pair.shake()
        #expect(failureKind(step) == .nameNotAllowed)
        #expect(outcome == .failed || pair.client.read().outcome == .failed)
        #expect(pair.client.alert == 40)
    }

    @Test func `a common name is no alternative name`() throws {
        var setup = setup(.requireAndVerify)
        setup.settings.allowedSubjectAlternativeNames = ["scraper.example"]
        var pair = try Pair.connect(try TLSContext(setup), .init(certificate: "client-nameless"))
        #expect(failureKind(pair.shake().server) == .nameNotAllowed)
    }

    @Test(
        arguments: [
            (.verifyIfGiven, nil, nil), (.verifyIfGiven, "client", nil), (.request, "client-other", nil),
            (.requireAny, "client-nameless", .nameNotAllowed), (.request, "client-nameless", .nameNotAllowed),
            (.requireAndVerify, "client-other", .certificateRefused), (.none, "client-nameless", nil),
        ] as [(ClientAuthentication, String?, TLSFailure.Kind?)])
    func `names are asked of every certificate that is given`(
        authentication: ClientAuthentication, certificate: String?, refusal: TLSFailure.Kind?
    ) throws {
        var setup = setup(authentication)
        setup.settings.allowedSubjectAlternativeNames = ["scraper.example"]
        var pair = try Pair.connect(try TLSContext(setup), .init(certificate: certificate))
        #expect(failureKind(pair.shake().server) == refusal)
    }

    private func setup(_ authentication: ClientAuthentication) -> ServerSetup {
        var setup = authorities.setup()
        setup.settings.clientAuthentication = authentication
        setup.clientAuthorities = authorities["ca.crt"]
        return setup
    }
}
