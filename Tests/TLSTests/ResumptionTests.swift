import TLS
import Testing

@Suite struct ResumptionTests {
    let authorities: Authorities

    init() throws {
        authorities = try Authorities.shared.get()
    }

    @Test(arguments: [ClientAuthentication.none, .verifyIfGiven, .requireAndVerify], [12, 13] as [Int32])
    func `a client with a ticket resumes its session`(authentication: ClientAuthentication, version: Int32) throws {
        let context = try TLSContext(setup(authentication))
        let options = Client.Options(certificate: "client", version: version)
        let ticket = try ticket(of: context, options)
        var again = try Pair.established(context, options, resuming: ticket)
        #expect(again.client.isResumed == true)
        #expect(again.send("answer") == .bytes(6))
        #expect(again.client.readText() == "answer")
    }

    /// Once there was none, so a client that shows each ticket only once, as it should, could resume no second time.
    @Test func `a client that resumed in TLS 1_3 has a ticket for the next time`() throws {
        let context = try TLSContext(setup(.none))
        let options = Client.Options(version: 13)
        var ticket = try ticket(of: context, options)
        for _ in 0..<2 {
            var again = try Pair.established(context, options, resuming: ticket)
            #expect(again.send("answer") == .bytes(6))
            #expect(again.client.readText() == "answer")
            #expect(again.client.isResumed == true)
            ticket = again.client.takeTicket()
            let isGiven = ticket.handle != nil
            #expect(isGiven)
        }
    }

    /// A ticket of before must not outlive a new list of names or authorities.
    @Test(arguments: [12, 13] as [Int32])
    func `another context judges the client anew`(version: Int32) throws {
        let options = Client.Options(certificate: "client", version: version)
        let ticket = try ticket(of: try TLSContext(setup(.requireAndVerify)), options)
        var setup = setup(.requireAndVerify)
        setup.settings.allowedSubjectAlternativeNames = ["other.example"]
        var pair = try Pair.connect(try TLSContext(setup), options, resuming: ticket)
        #expect(failureKind(pair.shake().server) == .nameNotAllowed)
    }

    /// The client's own session shows the server's certificate where the server's shows the client's.
    @Test(arguments: [("server", true), ("server-expired", false)])
    func `a ticket ends with the certificate in it`(certificate: String, isAccepted: Bool) throws {
        let ticket = try ticket(of: try TLSContext(authorities.setup(certificate)), .init(trusts: nil))
        let judge = try TLSContext(setup(.requireAndVerify))
        #expect(accepts(judge, ticket) == isAccepted)
    }

    private func ticket(of context: borrowing TLSContext, _ options: Client.Options) throws -> Ticket {
        var pair = try Pair.established(context, options)
        _ = pair.send("answer")
        #expect(pair.client.readText() == "answer")
        #expect(pair.client.isResumed == false)
        let ticket = pair.client.takeTicket()
        let isGiven = ticket.handle != nil
        #expect(isGiven)
        return ticket
    }

    private func setup(_ authentication: ClientAuthentication) -> ServerSetup {
        var setup = authorities.setup()
        setup.settings.clientAuthentication = authentication
        if authentication != .none { setup.clientAuthorities = authorities["ca.crt"] }
        return setup
    }
}
