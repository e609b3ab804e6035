import Passwords
import Testing

@Suite struct CredentialCacheTests {
    @Test func `what was found is known, and only that`() {
        var cache = CredentialCache()
        let (right, wrong) = (tag(cache, "alice", "right"), tag(cache, "alice", "wrong"))
        #expect(cache.lookup(right) == .unknown)
        cache.remember(right, isVerified: true)
        cache.remember(wrong, isVerified: false)
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
        for tag in tags.dropLast() { cache.remember(tag, isVerified: true) }
        #expect(cache.lookup(tags[0]) == .verified)
        cache.remember(tags[64], isVerified: true)
        #expect(cache.lookup(tags[1]) == .unknown)
        for index in [0] + Array(2...64) { #expect(cache.lookup(tags[index]) == .verified, "user \(index)") }
    }

    @Test func `as many users as there are have room`() {
        var cache = CredentialCache(verifiedCapacity: 1000)
        let tags = (0..<1000).map { tag(cache, "user \($0)", "password") }
        for tag in tags { cache.remember(tag, isVerified: true) }
        #expect(tags.allSatisfy { cache.lookup($0) == .verified })
    }

    @Test func `no number of wrong attempts pushes out what was verified`() {
        var cache = CredentialCache()
        let right = tag(cache, "alice", "right")
        cache.remember(right, isVerified: true)
        for attempt in 0..<10_000 { cache.remember(tag(cache, "alice", "\(attempt)"), isVerified: false) }
        #expect(cache.lookup(right) == .verified)
        #expect(cache.lookup(tag(cache, "alice", "0")) == .unknown, "their number is bounded")
        #expect(cache.lookup(tag(cache, "alice", "9999")) == .refused)
    }

    @Test func `after a change of users nothing is known, and tags are what they were`() {
        var cache = CredentialCache()
        let (right, wrong) = (tag(cache, "alice", "right"), tag(cache, "alice", "wrong"))
        cache.remember(right, isVerified: true)
        cache.remember(wrong, isVerified: false)
        cache.removeAll()
        #expect(cache.lookup(right) == .unknown)
        #expect(cache.lookup(wrong) == .unknown)
        #expect(tag(cache, "alice", "right") == right)
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
