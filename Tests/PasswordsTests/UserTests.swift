import Passwords
import Testing

@Suite struct UserTests {
    @Test(arguments: ["alice", "", "z\u{FC}rich", "1"])
    func `a user has one name`(name: String) throws {
        let user = User(name: name, hash: try #require(BcryptHash(Hashes.correctHorse)))
        #expect(isNamed(user, name))
        for other in [name + "x", "x" + name, String(name.dropLast()) + "y", name + "\0", name.uppercased() + " "] {
            #expect(!isNamed(user, other), "\(other.debugDescription)")
        }
    }

    @Test func `what is shown of a user is the name`() throws {
        let user = User(name: "alice", hash: try #require(BcryptHash(Hashes.correctHorse)))
        #expect("\(user)" == "alice")
    }

    private func isNamed(_ user: User, _ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return user.isNamed(bytes.span)
    }
}
