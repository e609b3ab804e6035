import Passwords
import Testing
import WebConfig

@Suite struct UsersAndLimitsTests {
    @Test(arguments: ["$2a$", "$2b$", "$2y$"], [4, 9, 10, 14, 18])
    func `every usual form and cost of a bcrypt hash is taken`(prefix: String, cost: Int) throws {
        let hash = "\(prefix)\(cost < 10 ? "0" : "")\(cost)\(bcryptHash.dropFirst(6))"
        let user = try #require(try configuration("basic_auth_users: {a: \(hash)}").users.first)
        #expect(user.hash == BcryptHash(hash))
        #expect(user.hash.cost == cost)
    }

    @Test(arguments: ["alice", "''", "'1'", "1", "true", "user@example.org", "z\u{FC}rich", "'a b'", "$2y"])
    func `a user may have any name without a colon`(name: String) throws {
        let users = try configuration("basic_auth_users:\n  \(name): \(bcryptHash)\n").users
        #expect(users.map(\.name) == [name.filter { $0 != "'" }])
    }

    @Test(
        arguments: [
            ("1ns", 1), ("250us", 250_000), ("1\u{B5}s", 1000), ("1\u{3BC}s", 1000), ("250ms", 250_000_000),
            ("1s", 1_000_000_000), ("+1s", 1_000_000_000), ("'2s'", 2_000_000_000), ("1.5s", 1_500_000_000),
            (".5s", 500_000_000), ("1.s", 1_000_000_000), ("1m30s", 90_000_000_000), ("1h", 3_600_000_000_000),
            ("0.000000000000000000000001h1ns", 1), ("0.1ns1ns", 1), ("1s1s", 2_000_000_000),
            ("0.333333333333333333h", 1_199_999_999_999), ("0h0m1s", 1_000_000_000),
        ] as [(String, UInt64)])
    func `an interval is written as Go writes spans of time`(text: String, nanoseconds: UInt64) throws {
        let limit = try configuration("rate_limit:\n  interval: \(text)\n  burst: 1\n").rateLimit
        #expect(limit?.intervalNanoseconds == nanoseconds)
    }

    /// As bcrypt.Cost of golang.org/x/crypto has it, by which exporter-toolkit judges a file: 59 bytes, a version up to 2 and a cost
    /// from 4 to 31. Everybody else is kept out all the same.
    @Test(arguments: [
        "\(bcryptHash.dropLast())", "\(bcryptHash)A", "\(bcryptHash.dropLast())+", "$2x$\(bcryptHash.dropFirst(4))",
        "$2$\(bcryptHash.dropFirst(4))", "$1a$\(bcryptHash.dropFirst(4))", "$2y$19\(bcryptHash.dropFirst(6))",
        "$2y$31\(bcryptHash.dropFirst(6))",
    ])
    func `a hash that other exporters take and nobody can log in by is a warning`(hash: String) throws {
        let read = try configuration("basic_auth_users:\n  bob: \(bcryptHash)\n  alice: '\(hash)'\n")
        #expect(read.users.map(\.name) == ["bob", "alice"])
        #expect(read.users.map(\.hash) == [BcryptHash(bcryptHash), .ofNobody])
        let warning = try #require(read.warnings.first)
        #expect(read.warnings.count == 1 && warning.line == 3)
        #expect(warning.message.hasPrefix("basic_auth_users: 'alice' can never log in, since "))
        #expect(!warning.message.contains(bcryptHash.suffix(20)))
    }

    @Test(arguments: ["'a:b'", "\"a\\nb\"", String(repeating: "x", count: 256)])
    func `a name by which nobody can log in is a warning`(name: String) throws {
        let read = try configuration("basic_auth_users:\n  \(name): \(bcryptHash)\n")
        #expect(read.users.map(\.hash) == [.ofNobody])
        #expect(read.warnings.map(\.line) == [2])
        #expect(read.warnings.first?.message.contains("a user can never log in, since a name has") == true)
    }

    @Test(arguments: [("  burst: 0\n", 3), ("  burst: -1\n", 3), ("", 1), ("  burst:\n", 3)])
    func `a limit that lets nothing through is a warning`(burst: String, line: Int) throws {
        let read = try configuration("rate_limit:\n  interval: 1s\n\(burst)")
        #expect(read.rateLimit?.burst == 0)
        #expect(read.warnings.map(\.line) == [line])
        #expect(read.warnings.first?.message.hasPrefix("rate_limit.burst: ") == true)
        #expect(try configuration("rate_limit:\n  interval: 0\n\(burst)").warnings == [])
    }

    @Test(arguments: ["1", "1000000"])
    func `a burst is a whole number`(text: String) throws {
        #expect(try configuration("rate_limit: {interval: 1s, burst: \(text)}").rateLimit?.burst == Int(text))
    }

    @Test func `a header's value is one line without blanks at its ends, and a blank one is left out`() throws {
        let read = try configuration(
            """
            http_server_config:
              headers:
                Content-Security-Policy: |
                  default-src 'self'

                X-XSS-Protection: ""
                X-Frame-Options: " sameorigin "
                Strict-Transport-Security:
            """)
        #expect(
            read.headers.map { "\($0.name): \($0.value)" } == [
                "Content-Security-Policy: default-src 'self'", "X-Frame-Options: sameorigin",
            ])
    }

    @Test func `as many users as anybody has are taken`() throws {
        let yaml = "basic_auth_users:\n" + (1...1000).map { "  user\($0): \(bcryptHash)\n" }.joined()
        #expect(try configuration(yaml).users.count == 1000)
        let one = try #require(refusal(yaml + "  one: \(bcryptHash)\n"))
        #expect(one.line == 1)
        #expect(one.message == "basic_auth_users: allowed are at most 1000 users")
    }
}
