import Bytes
import Glibc
import Passwords
import TestSupport
import Testing

@testable import Kernel
@testable import Serving

@Suite struct AuthenticatorTests {
    /// "correct horse", by `htpasswd -nbB -C 4`.
    private static let alice = "$2y$04$gWqsT6QZtkvNhE94ENW/zuC2l1.K8GCZhG1w6zSAf.M3WHidzhzMG"
    /// "p:ss:w"
    private static let bob = "$2y$04$DpwTGshmOPc2Dtc4ssqtiuMkwGD8T9k/vQbqAk68hAU1FeMKVlVSy"
    /// "correct horse", with `-C 12`: some 300 ms of work. Elsewhere a comparison is under way until its answer is taken.
    private static let slow = "$2y$12$w/bIVf.FGx4I.5vZ1os.9uyF1gqLyc.fK3rNyu1AQvyYaqrpFj/3G"

    @Test func `right credentials wait once, and are allowed at once from then on`() throws {
        var authenticator = try authenticator()
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .wait(displaced: nil))
        #expect(try finish(&authenticator) == [0])
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .allowed)
        #expect(authenticator.queue.inOrder().count == 0)
        #expect(decide(&authenticator, 1, basic("alice", "correct horse"), of: 2) == .allowed)
        #expect(decide(&authenticator, 1, basic("bob", "p:ss:w")) == .wait(displaced: nil))
        #expect(try finish(&authenticator) == [1])
        #expect(decide(&authenticator, 1, basic("bob", "p:ss:w")) == .allowed)
    }

    @Test(
        arguments: [
            ("alice", "wrong"), ("alice", ""), ("alice", "p:ss:w"), ("bob", "correct horse"), ("", "correct horse"),
            // A user that does not exist, with each password that does.
            ("carol", "correct horse"), ("carol", "p:ss:w"), ("Alice", "correct horse"), ("alice ", "correct horse"),
        ])
    func `wrong credentials are compared once, and refused at once from then on`(user: String, password: String) throws
    {
        var authenticator = try authenticator()
        #expect(decide(&authenticator, 0, basic(user, password)) == .wait(displaced: nil))
        #expect(authenticator.isChecking == true, "an unknown user costs the same work")
        #expect(try finish(&authenticator) == [0])
        #expect(decide(&authenticator, 0, basic(user, password)) == .refused)
        #expect(decide(&authenticator, 1, basic(user, password)) == .refused)
        #expect(authenticator.isChecking == false)
        #expect(authenticator.queue.inOrder().count == 0)
    }

    @Test(arguments: [
        nil, [], Array("Basic".utf8), Array("Bearer abc".utf8), Array("Basic YWJj".utf8), basic("a", "b\0"),
        basic("alice", String(repeating: "x", count: 257)), basic(String(repeating: "x", count: 257), ""),
    ])
    func `no credentials, malformed and too long ones are refused without work`(value: [UInt8]?) throws {
        var authenticator = try authenticator()
        #expect(decide(&authenticator, 0, value) == .refused)
        #expect(authenticator.isChecking == false)
        #expect(authenticator.queue.inOrder().count == 0)
    }

    @Test func `requests with the credentials that are being compared wait for that answer`() throws {
        var authenticator = try authenticator()
        for slot in 0..<5 {
            #expect(decide(&authenticator, slot, basic("alice", "correct horse")) == .wait(displaced: nil))
        }
        #expect(try finish(&authenticator) == [0, 1, 2, 3, 4])
        for slot in 0..<5 { #expect(decide(&authenticator, slot, basic("alice", "correct horse")) == .allowed) }
        #expect(authenticator.isChecking == false, "no second comparison")
    }

    @Test func `others wait for their turn, and each is compared`() throws {
        var authenticator = try authenticator()
        let passwords = ["wrong", "correct horse", "also wrong"]
        for (slot, password) in passwords.enumerated() {
            #expect(decide(&authenticator, slot, basic("alice", password)) == .wait(displaced: nil))
        }
        var decisions: [Int: Authenticator.Decision] = [:]
        for round in 0..<3 {
            for slot in try finish(&authenticator) {
                decisions[slot] = decide(&authenticator, slot, basic("alice", passwords[slot]))
            }
            #expect(authenticator.queue.inOrder().count == 2 - round)
        }
        #expect(decisions == [0: .refused, 1: .allowed, 2: .refused])
        #expect(authenticator.isChecking == false)
    }

    /// Ten thousand attempts from one address must not keep a rightful client at another one out.
    @Test func `while one client tries many passwords another is compared after two of them`() throws {
        var authenticator = try authenticator()
        var attempts = 0
        /// Keeps as many attempts waiting as the attacker can.
        func attack(_ authenticator: inout Authenticator, _ slots: Range<Int>) {
            for slot in slots {
                attempts += 1
                _ = decide(&authenticator, slot, basic("alice", "attempt \(attempts)"), of: 1)
            }
        }
        attack(&authenticator, 0..<200)
        #expect(authenticator.queue.inOrder().count == WaiterQueue.capacityOfPeer)
        #expect(decide(&authenticator, 1000, basic("alice", "correct horse"), of: 2) == .wait(displaced: nil))
        var rounds = 0
        var decision = Authenticator.Decision.refused
        repeat {
            rounds += 1
            for slot in try finish(&authenticator) {
                if slot == 1000 {
                    decision = decide(&authenticator, slot, basic("alice", "correct horse"), of: 2)
                } else {
                    // A new attempt on the same connection.
                    attempts += 1
                    _ = decide(&authenticator, slot, basic("alice", "attempt \(attempts)"), of: 1)
                }
            }
            attack(&authenticator, 200..<300)
        } while decision != .allowed && rounds < 10
        #expect(decision == .allowed)
        #expect(rounds <= 3)
        for attempt in 0..<10_000 {
            _ = decide(&authenticator, attempt % 300, basic("alice", "more \(attempt)"), of: 1)
            #expect(authenticator.queue.inOrder().count <= WaiterQueue.capacityOfPeer)
        }
        #expect(
            decide(&authenticator, 1001, basic("alice", "correct horse"), of: 1) == .allowed, "even at that address")
    }

    @Test func `who loses a place is named, and who finds none is told`() throws {
        var authenticator = try authenticator()
        for slot in 0..<16 {
            #expect(decide(&authenticator, slot, basic("alice", "\(slot)"), of: 1) == .wait(displaced: nil))
        }
        #expect(decide(&authenticator, 16, basic("alice", "16"), of: 1) == .tooMany)
        for slot in 16..<32 {
            #expect(decide(&authenticator, slot, basic("alice", "\(slot)"), of: 2) == .wait(displaced: nil))
        }
        #expect(decide(&authenticator, 32, basic("alice", "32"), of: 3) == .wait(displaced: connection(15)))
    }

    @Test func `a waiter whose connection ended is not named, and its comparison still counts`() throws {
        var authenticator = try authenticator()
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .wait(displaced: nil))
        #expect(decide(&authenticator, 1, basic("alice", "wrong")) == .wait(displaced: nil))
        authenticator.forget(connection(0))
        #expect(try finish(&authenticator) == [1])
        #expect(decide(&authenticator, 2, basic("alice", "correct horse")) == .allowed)
    }

    @Test func `there is nothing to finish before a comparison has ended`() throws {
        var authenticator = try authenticator([("alice", Self.slow)])
        let early = authenticator.finishCheck()
        #expect(early.count == 0)
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .wait(displaced: nil))
        let stillEarly = authenticator.finishCheck()
        #expect(stillEarly.count == 0)
        #expect(authenticator.isChecking == true)
    }

    @Test func `after a change of users the old ones are out`() throws {
        var authenticator = try authenticator()
        try pass(&authenticator, basic("alice", "correct horse"))
        authenticator.replaceUsers(users([("bob", Self.bob)]))
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .wait(displaced: nil))
        #expect(try finish(&authenticator) == [0])
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .refused)
        try pass(&authenticator, basic("bob", "p:ss:w"))
    }

    @Test func `who stays the same is not compared again after a change of others`() throws {
        var authenticator = try authenticator()
        try pass(&authenticator, basic("alice", "correct horse"))
        authenticator.replaceUsers(users([("carol", Self.bob), ("alice", Self.alice)]))
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .allowed)
        #expect(decide(&authenticator, 1, basic("bob", "p:ss:w")) == .wait(displaced: nil))
        authenticator.replaceUsers(users([("bob", Self.bob), ("alice", Self.alice)]))
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .allowed)
        // It was begun when there was no such user, and so says nothing.
        #expect(try finish(&authenticator) == [1])
        #expect(decide(&authenticator, 1, basic("bob", "p:ss:w")) == .wait(displaced: nil))
        #expect(try finish(&authenticator) == [1])
        #expect(decide(&authenticator, 1, basic("bob", "p:ss:w")) == .allowed)
    }

    @Test func `a comparison of a user who stays counts over a change of others`() throws {
        var authenticator = try authenticator()
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .wait(displaced: nil))
        authenticator.replaceUsers(users([("alice", Self.alice)]))
        #expect(try finish(&authenticator) == [0])
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .allowed)
    }

    @Test func `the same users again are no change`() throws {
        var authenticator = try authenticator()
        try pass(&authenticator, basic("alice", "correct horse"))
        authenticator.replaceUsers(users([("alice", Self.alice), ("bob", Self.bob)]))
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .allowed)
    }

    @Test func `a comparison with an old user's hash says nothing about the new ones`() throws {
        var authenticator = try authenticator()
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .wait(displaced: nil))
        authenticator.replaceUsers(users([("alice", Self.bob)]))
        #expect(decide(&authenticator, 1, basic("alice", "p:ss:w")) == .wait(displaced: nil))
        #expect(try finish(&authenticator) == [0, 1])
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .wait(displaced: nil))
        #expect(decide(&authenticator, 1, basic("alice", "p:ss:w")) == .wait(displaced: nil))
        #expect(try finish(&authenticator) == [0, 1])
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .refused)
        #expect(decide(&authenticator, 1, basic("alice", "p:ss:w")) == .wait(displaced: nil))
        #expect(try finish(&authenticator) == [1])
        #expect(decide(&authenticator, 1, basic("alice", "p:ss:w")) == .allowed)
    }

    /// There is no failing thread to be had by wish. Without address space there is one as soon as the stacks of threads that
    /// ended, which the C library keeps, are in use again.
    @Test func `where no thread can be had the client is told to come again, and nobody waits for ever`() throws {
        var authenticators = SlotTable<Authenticator>(capacity: 16)
        for _ in 0..<authenticators.capacity { _ = authenticators.insert(try authenticator([("alice", Self.slow)])) }
        let value = basic("alice", "correct horse")
        var failed: Int?
        // What little is allocated from here on has to come from memory that is there.
        free(malloc(100_000))
        var limit = rlimit()
        try checked("getrlimit", getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit))
        var none = rlimit(rlim_cur: 4096, rlim_max: limit.rlim_max)
        try checked("setrlimit", setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &none))
        for index in authenticators.indices where failed == nil {
            let decision = authenticators[index: index]?.decide(
                authorization: value.span, waiter: connection(0), peer: PeerKey(sockaddr_storage()), at: 0)
            if decision == .tooMany { failed = index }
        }
        try checked("setrlimit", setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit))
        let index = try #require(failed)
        let (waiterCount, isChecking) = (
            authenticators[index: index]?.queue.inOrder().count, authenticators[index: index]?.isChecking
        )
        #expect(waiterCount == 0)
        #expect(isChecking == false)
        let again = authenticators[index: index]?.decide(
            authorization: value.span, waiter: connection(0), peer: peer(1), at: 0)
        #expect(again == .wait(displaced: nil))
    }

    @Test func `who takes too long keeps others waiting no longer, and his answer counts when it comes`() throws {
        var authenticator = try authenticator([("alice", Self.slow), ("bob", Self.bob), ("carol", Self.slow)])
        let epoll = try Epoll()
        try authenticator.watch(epoll)
        #expect(decide(&authenticator, 0, basic("alice", "correct horse")) == .wait(displaced: nil))
        #expect(decide(&authenticator, 1, basic("bob", "p:ss:w")) == .wait(displaced: nil))
        #expect(passed(&authenticator, epoll, at: Comparison.patienceNanoseconds - 1) == [])
        #expect(authenticator.isChecking == true)
        let late = Comparison.patienceNanoseconds
        #expect(passed(&authenticator, epoll, at: late) == [0, 1])
        #expect(authenticator.isChecking == false)
        // The same again would take as long again.
        #expect(decide(&authenticator, 0, basic("alice", "correct horse"), at: late) == .wait(displaced: nil))
        #expect(authenticator.isChecking == false)
        #expect(decide(&authenticator, 1, basic("bob", "p:ss:w"), at: late) == .wait(displaced: nil))
        #expect(authenticator.isChecking == true, "though the first has not ended")
        // Threads do not pile up: only one is set aside.
        #expect(passed(&authenticator, epoll, at: 3 * late) == [])
        var allowed: Set<Int> = []
        let credentials = [basic("alice", "correct horse"), basic("bob", "p:ss:w")]
        var batch = EventBatch(capacity: 2)
        while allowed.count < 2 {
            try epoll.wait(into: &batch, timeoutMilliseconds: 20_000)
            try #require(batch.count > 0)
            for slot in authenticator.finishCheck().slots
            where decide(&authenticator, slot, credentials[slot], at: late) == .allowed {
                allowed.insert(slot)
            }
        }
        #expect(decide(&authenticator, 2, basic("carol", "correct horse"), at: late) == .wait(displaced: nil))
        #expect(passed(&authenticator, epoll, at: 3 * late) == [2], "and now another can be")
    }

    private func users(_ list: [(String, String)]) -> [User] {
        list.compactMap { name, text in BcryptHash(text).map { User(name: name, hash: $0) } }
    }

    private func authenticator(
        _ list: [(String, String)] = [("alice", alice), ("bob", bob)]
    ) throws -> Authenticator {
        try Authenticator(users: users(list))
    }

    private func decide(
        _ authenticator: inout Authenticator, _ slot: Int, _ value: [UInt8]?, of number: UInt32 = 1, at now: UInt64 = 0
    ) -> Authenticator.Decision {
        guard let value else {
            return authenticator.decide(authorization: nil, waiter: connection(slot), peer: peer(number), at: now)
        }
        return authenticator.decide(authorization: value.span, waiter: connection(slot), peer: peer(number), at: now)
    }

    /// Waits for the comparison that is under way; gives the slots of the connections to decide about.
    private func finish(_ authenticator: inout Authenticator) throws -> [Int] {
        let epoll = try Epoll()
        try authenticator.watch(epoll)
        var batch = EventBatch(capacity: 1)
        try epoll.wait(into: &batch, timeoutMilliseconds: 20_000)
        return authenticator.finishCheck().slots
    }

    /// The slots of the connections to decide about, if a comparison takes too long.
    private func passed(_ authenticator: inout Authenticator, _ epoll: borrowing Epoll, at now: UInt64) -> [Int] {
        authenticator.passOverdue(epoll, at: now).slots
    }

    private func pass(_ authenticator: inout Authenticator, _ value: [UInt8]) throws {
        #expect(decide(&authenticator, 77, value) == .wait(displaced: nil))
        #expect(try finish(&authenticator) == [77])
        #expect(decide(&authenticator, 77, value) == .allowed)
    }
}
