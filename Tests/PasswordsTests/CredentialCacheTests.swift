import Passwords
import Testing

@Suite struct CredentialCacheTests {
    @Test func `what was found is known, and only that`() {
        var cache = CredentialCache()
        let (right, wrong) = (tag(cache, "alice", "right"), tag(cache, "alice", "wrong"))
        #expect(cache.lookup(right) == .unknown)
        cache.rememberVerified(right, owner: right)
        cache.rememberRefused(wrong)
        #expect(cache.lookup(right) == .verified)
        #expect(cache.lookup(wrong) == .refused)
        #expect(cache.lookup(tag(cache, "alice", "other")) == .unknown)
    }

    @Test func `the same credentials have the same tag, for each cache another`() {
        let (cache, other) = (CredentialCache(), CredentialCache())
        #expect(tag(cache, "alice", "right") == tag(cache, "alice", "right"))
        #expect(tag(cache, "alice", "right") != tag(other, "alice", "right"))
    }

    /// What follows the user's last byte could otherwise be taken for the password's first.
    @Test(
        arguments: [
            ("ab", "c", "a", "bc"), ("", "ab", "ab", ""), ("a", "", "", "a"), ("a", "b", "b", "a"),
            ("a", "b", "a", "B"),
        ] as [(String, String, String, String)])
    func `user and password cannot be confused`(user: String, password: String, other: String, otherPassword: String) {
        let cache = CredentialCache()
        #expect(tag(cache, user, password) != tag(cache, other, otherPassword))
    }

    @Test func `both halves of a tag depend on all bytes`() {
        let cache = CredentialCache()
        let tags = (0..<1000).map { tag(cache, "user \($0 / 10)", "password \($0 % 10)") }
        #expect(Set(tags.map { "\($0)" }).count == 1000)
    }

    @Test func `of the verified the one that was not used for longest goes`() {
        var cache = CredentialCache()
        let tags = (0...64).map { tag(cache, "user \($0)", "password") }
        for tag in tags.dropLast() { cache.rememberVerified(tag, owner: tag) }
        #expect(cache.lookup(tags[0]) == .verified)
        cache.rememberVerified(tags[64], owner: tags[64])
        #expect(cache.lookup(tags[1]) == .unknown)
        for index in [0] + Array(2...64) { #expect(cache.lookup(tags[index]) == .verified, "user \(index)") }
    }

    @Test func `as many users as there are have room`() {
        var cache = CredentialCache(verifiedCapacity: 1000)
        let tags = (0..<1000).map { tag(cache, "user \($0)", "password") }
        for tag in tags { cache.rememberVerified(tag, owner: tag) }
        #expect(tags.allSatisfy { cache.lookup($0) == .verified })
    }

    @Test func `no number of wrong attempts pushes out what was verified`() {
        var cache = CredentialCache()
        let right = tag(cache, "alice", "right")
        cache.rememberVerified(right, owner: right)
        for attempt in 0..<10_000 { cache.rememberRefused(tag(cache, "alice", "\(attempt)")) }
        #expect(cache.lookup(right) == .verified)
        #expect(cache.lookup(tag(cache, "alice", "0")) == .unknown, "their number is bounded")
        #expect(cache.lookup(tag(cache, "alice", "9999")) == .refused)
    }

    @Test
    func `after a change of users what their hashes verified is known, nothing else, and tags are what they were`()
        throws
    {
        var cache = CredentialCache()
        let (first, second) = (
            try #require(BcryptHash(Hashes.correctHorse)), try #require(BcryptHash(Hashes.withColons))
        )
        let users = [
            User(name: "stays", hash: first), User(name: "changes", hash: first), User(name: "goes", hash: first),
        ]
        for user in users {
            cache.rememberVerified(tag(cache, user.name, "right"), owner: cache.tag(of: user))
            cache.rememberRefused(tag(cache, user.name, "wrong"))
        }
        let after = [
            User(name: "stays", hash: first), User(name: "changes", hash: second), User(name: "comes", hash: first),
        ]
        cache.keepVerified(ofOwners: after.map { cache.tag(of: $0) })
        let known = users.map { cache.lookup(tag(cache, $0.name, "right")) }
        #expect(known == [.verified, .unknown, .unknown])
        for user in users { #expect(cache.lookup(tag(cache, user.name, "wrong")) == .unknown) }
    }

    @Test func `after a change there is room for as many users as there are now`() throws {
        let hash = try #require(BcryptHash(Hashes.correctHorse))
        var cache = CredentialCache(verifiedCapacity: 1000)
        let users = (0..<1000).map { User(name: "user \($0)", hash: hash) }
        func right(_ user: User) -> CredentialTag { tag(cache, user.name, "right") }
        for user in users { cache.rememberVerified(right(user), owner: cache.tag(of: user)) }
        #expect(cache.lookup(right(users[0])) == .verified, "and so it is the last to go")
        cache.keepVerified(ofOwners: [cache.tag(of: users[0]), cache.tag(of: users[999])])
        #expect(users.filter { cache.lookup(right($0)) == .verified }.map(\.name) == ["user 0", "user 999"])
        cache.keepVerified(ofOwners: users.map { cache.tag(of: $0) })
        for user in users { cache.rememberVerified(right(user), owner: cache.tag(of: user)) }
        #expect(users.allSatisfy { cache.lookup(right($0)) == .verified })
    }

    @Test func `a name's choice stays, lies within its bound and reaches all of it`() {
        let cache = CredentialCache()
        let names = (0..<200).map { Array("user \($0)".utf8) }
        let choices = names.map { cache.choice(for: $0.span, below: 3) }
        #expect(choices == names.map { cache.choice(for: $0.span, below: 3) })
        #expect(Set(choices) == [0, 1, 2])
    }

    private func tag(_ cache: CredentialCache, _ user: String, _ password: String) -> CredentialTag {
        let (user, password) = (Array(user.utf8), Array(password.utf8))
        return cache.tag(user: user.span, password: password.span)
    }
}
