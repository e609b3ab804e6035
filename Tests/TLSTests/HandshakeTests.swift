import TLS
import Testing

@Suite struct HandshakeTests {
    let authorities: Authorities

    init() throws {
        authorities = try Authorities.shared.get()
    }

    @Test(arguments: [12, 13] as [Int32])
    func `a client is answered in the version that it speaks`(version: Int32) throws {
        let context = try TLSContext(authorities.settings())
        var pair = try Pair.established(context, .init(version: version))
        #expect(pair.client.version == version)
        pair.client.write("question")
        #expect(pair.receive() == (.bytes(8), "question"))
        #expect(pair.send("answer") == .bytes(6))
        #expect(pair.client.read().bytes == Array("answer".utf8))
    }

    @Test func `the newest version that both speak is chosen`() throws {
        let pair = try Pair.established(try TLSContext(authorities.settings()))
        #expect(pair.client.version == 13)
    }
}
