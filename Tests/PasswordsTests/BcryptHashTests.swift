import Passwords
import Testing

@Suite struct BcryptHashTests {
    @Test(arguments: [(Hashes.correctHorse, 4), (Hashes.slow, 12)])
    func `what htpasswd writes is a hash and has its cost`(text: String, cost: Int) throws {
        let hash = try #require(BcryptHash(text))
        #expect(hash.cost == cost)
    }

    @Test(arguments: ["$2a$", "$2b$"])
    func `the versions that are written today are one`(version: String) {
        #expect(BcryptHash(version + Hashes.correctHorse.dropFirst(4)) == BcryptHash(Hashes.correctHorse))
    }

    @Test(arguments: ["$2x$", "$2$", "$2c$"])
    func `versions of another algorithm are none`(version: String) {
        #expect(BcryptHash(version + Hashes.correctHorse.dropFirst(4)) == nil)
    }

    @Test(arguments: [("04", 4), ("09", 9), ("10", 10), ("31", 31)])
    func `costs go from 4 to 31`(digits: String, cost: Int) {
        #expect(BcryptHash("$2y$" + digits + Hashes.correctHorse.dropFirst(6))?.cost == cost)
    }

    @Test(arguments: [
        "", "$", "$2", "$2y", "$2y$", "$2y$10$", "secret", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "$apr1$xyz$W6ph5Mm5Pz8GgiULbPgzG3", "$1$abcdefgh$W6ph5Mm5Pz8GgiULbPgzG3",
    ])
    func `what other programs write is none`(text: String) {
        #expect(BcryptHash(text) == nil)
    }

    /// So much of a right hash, and what comes in its place.
    @Test(
        arguments: [
            (3, "$3y"), (3, "$2z"), (3, "$2yy"), (3, "$2Y"), (1, ""), (1, "  $"), (6, "$2y$03"), (6, "$2y$32"),
            (6, "$2y$+4"),
            (6, "$2y$4"), (6, "$2y$4 "), (7, "$2y$04/"), (8, "$2y$04$=$"), (8, "$2y$04$!"), (8, "$2y$04$é"),
            (8, "$2y$04${"),
        ] as [(Int, String)])
    func `a hash with another beginning is none`(count: Int, beginning: String) {
        let text = beginning + Hashes.correctHorse.dropFirst(count)
        #expect(BcryptHash(text) == nil)
    }

    @Test(arguments: ["", "=", "\0", "{", "@", "Gx", "G "])
    func `a hash with another last character is none`(ending: String) {
        let text = String(Hashes.correctHorse.dropLast()) + ending
        #expect(BcryptHash(text) == nil)
    }

    @Test func `the hash of nobody is one that can be compared`() {
        #expect(BcryptHash.ofNobody.cost == 10)
        #expect(BcryptHash("$2y$10$" + String(repeating: ".", count: 53)) == .ofNobody)
    }

    /// golang.org/x/crypto/bcrypt, Cost.
    @Test func `a cost is what Go finds`() {
        let (hash, rest) = (Hashes.correctHorse, Hashes.correctHorse.dropFirst(6))
        for text in [
            hash, "$2$\(hash.dropFirst(4))", "\(hash.dropLast())", hash + "x", "$1y$04\(rest)", "$2x$31\(rest)",
        ] {
            #expect(BcryptHash.hasCost(text), "\(text)")
        }
        for text in [
            "\(hash.dropLast(2))", "$3y$04\(rest)", "$2y$03\(rest)", "$2y$32\(rest)", "$2y$x4\(rest)", "secret", "",
        ] {
            #expect(!BcryptHash.hasCost(text), "\(text)")
        }
    }

    @Test func `its text never shows`() throws {
        let hash = try #require(BcryptHash(Hashes.correctHorse))
        #expect("\(hash)" == "bcrypt hash of cost 4")
        #expect(String(reflecting: hash) == "bcrypt hash of cost 4")
    }
}
