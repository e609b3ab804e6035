import TestSupport
import Testing

@testable import Kernel
@testable import Serving

/// Who goes for whom when the table is full.
@Suite struct FairnessTests {
    private static let stranger: UInt32 = 1
    private static let scraper: UInt32 = 2

    struct Attack: Sendable, CustomTestStringConvertible {
        let clients: UInt32
        let connectionsOfEach: Int
        let periodMilliseconds: UInt64
        var testDescription: String {
            "\(clients) clients with \(connectionsOfEach) connections that ask every \(periodMilliseconds) ms"
        }
    }

    /// By the first of these, in a table four times as large, one address once kept everybody else out for as long as it liked.
    @Test(arguments: [
        Attack(clients: 1, connectionsOfEach: 75, periodMilliseconds: 800),
        Attack(clients: 1, connectionsOfEach: 75, periodMilliseconds: 30_000),
        Attack(clients: 2, connectionsOfEach: 32, periodMilliseconds: 800),
        Attack(clients: 2, connectionsOfEach: 38, periodMilliseconds: 800),
        Attack(clients: 8, connectionsOfEach: 9, periodMilliseconds: 800),
        Attack(clients: 62, connectionsOfEach: 2, periodMilliseconds: 800),
        Attack(clients: 62, connectionsOfEach: 2, periodMilliseconds: 5000),
        Attack(clients: 150, connectionsOfEach: 1, periodMilliseconds: 800),
    ])
    func `others get in and stay in`(attack: Attack) throws {
        var crowd = try Crowd(limit: 64)
        let kept = try crowd.arrive(FairnessTests.scraper)
        for _ in 0..<3 {
            crowd.ask(kept)
            crowd.wait(milliseconds: 100)
        }
        var attackers = Attackers(
            100..<100 + attack.clients, connectionsOfEach: attack.connectionsOfEach,
            periodMilliseconds: attack.periodMilliseconds, seed: 20_261_127)
        var turnedAway = 0
        for step in 0..<40 {
            crowd.ask(kept)
            try attackers.act(&crowd, at: UInt64(step) * 100)
            #expect(crowd.isThere(kept) == true, "after \(step) tenths of a second")
            let fresh = crowd.come(FairnessTests.stranger)
            if fresh.token == nil { turnedAway += 1 }
            if let token = fresh.token { crowd.leave(token) }
            crowd.wait(milliseconds: 100)
        }
        #expect(turnedAway == 0)
        #expect(attackers.held > 60, "the table was full")
    }

    @Test func `who holds fewer displaces one of those who hold most, down to the same number`() throws {
        var crowd = try Crowd(limit: 8)
        var owners: [(token: Token, client: UInt32)] = []
        for client: UInt32 in [10, 10, 10, 10, 10, 11, 11, 12] {
            let token = try crowd.arrive(client)
            owners.append((token, client))
            crowd.wait(milliseconds: 1)
        }
        var lost: [UInt32?] = []
        for _ in 0..<4 {
            let newcomer = crowd.come(12)
            lost.append(owners.last { $0.token == newcomer.displaced }?.client)
            if let token = newcomer.token { owners.append((token, 12)) }
            crowd.wait(milliseconds: 1)
        }
        #expect(lost == [10, 10, 12, 12], "3 of client 10, 2 of client 11 and 3 of client 12 are even")
    }

    @Test
    func `a client that holds everything, such as a proxy, displaces the connection that has not asked for longest`()
        throws
    {
        var crowd = try Crowd(limit: 4)
        var tokens: [Token] = []
        for _ in 0..<4 {
            tokens.append(try crowd.arrive(7))
            crowd.wait(milliseconds: 10)
        }
        for index in [2, 0, 3, 1] {
            crowd.ask(tokens[index])
            crowd.wait(milliseconds: 10)
        }
        var displaced: [Token?] = []
        for _ in 0..<4 {
            let newcomer = crowd.come(7)
            displaced.append(newcomer.displaced)
            if let token = newcomer.token { crowd.ask(token) }
            crowd.wait(milliseconds: 10)
        }
        #expect(displaced == [tokens[2], tokens[0], tokens[3], tokens[1]])
    }

    @Test func `a connection that has asked regularly three times goes after all others of its client`() throws {
        var crowd = try Crowd(limit: 4)
        let regular = try crowd.arrive(7)
        for _ in 0..<3 {
            crowd.ask(regular)
            crowd.wait(milliseconds: 15_000)
        }
        for _ in 0..<50 {
            crowd.ask(try crowd.arrive(7))
            crowd.wait(milliseconds: 100)
        }
        #expect(crowd.isThere(regular) == true)
        crowd.wait(milliseconds: 30_000)
        for _ in 0..<4 { crowd.ask(try crowd.arrive(7)) }
        #expect(crowd.isThere(regular) == false, "it has stopped asking")
    }

    @Test func `a delay that a busy machine makes does not cost a frequent scraper its place`() throws {
        var crowd = try Crowd(limit: 4)
        let regular = try crowd.arrive(7)
        for pause: UInt64 in [60, 60, 60, 240, 60, 300] {
            crowd.ask(regular)
            crowd.wait(milliseconds: pause)
        }
        for _ in 0..<8 { crowd.ask(try crowd.arrive(7)) }
        #expect(crowd.isThere(regular) == true)
        crowd.wait(milliseconds: 450)
        for _ in 0..<4 { crowd.ask(try crowd.arrive(7)) }
        #expect(crowd.isThere(regular) == false, "it has stopped asking")
    }

    @Test(arguments: [[0, 0, 0, 5000, 0], [0, 0, 0, 0, 0], [10, 10, 10, 10, 10], [60, 60, 60, 0, 0]] as [[UInt64]])
    func `one that asks in bursts is not regular`(pauses: [UInt64]) throws {
        var crowd = try Crowd(limit: 2)
        let bursting = try crowd.arrive(7)
        for pause in pauses {
            crowd.ask(bursting)
            crowd.wait(milliseconds: pause)
        }
        crowd.wait(milliseconds: 1)
        crowd.ask(try crowd.arrive(7))
        _ = try crowd.arrive(7)
        #expect(crowd.isThere(bursting) == false)
    }

    @Test func `a connection that had time to ask and did not goes before one that just came`() throws {
        var crowd = try Crowd(limit: 3)
        let asked = try crowd.arrive(7)
        crowd.ask(asked)
        crowd.wait(milliseconds: 100)
        let silent = try crowd.arrive(7)
        crowd.wait(milliseconds: 300)
        let fresh = try crowd.arrive(7)
        _ = try crowd.arrive(7)
        #expect(crowd.isThere(silent) == false)
        _ = try crowd.arrive(7)
        #expect(crowd.isThere(asked) == false)
        #expect(crowd.isThere(fresh) == true)
    }

    @Test func `only where every connection is in the middle of a request is its own client turned away`() throws {
        var crowd = try Crowd(limit: 4)
        var tokens: [Token] = []
        for _ in 0..<4 { tokens.append(try crowd.arrive(7)) }
        for token in tokens { crowd.begin(token) }
        #expect(crowd.come(7).token == nil)
        // Whoever holds fewer gets in nevertheless.
        #expect(crowd.come(8).token != nil)
        // And what is of another client and at rest is no reason to turn one away.
        #expect(crowd.come(7).token != nil)
    }

    @Test func `a request that stands still keeps nobody out`() throws {
        var crowd = try Crowd(limit: 2)
        for _ in 0..<2 { crowd.begin(try crowd.arrive(7)) }
        #expect(crowd.come(7).token == nil)
        crowd.wait(milliseconds: 250)
        #expect(crowd.come(7).token != nil)
    }

    @Test func `a connection whose password is checked is in the middle of a request for as long as that takes`() throws
    {
        var crowd = try Crowd(limit: 2)
        for _ in 0..<2 { crowd.awaitCheck(try crowd.arrive(7)) }
        crowd.wait(milliseconds: 5000)
        #expect(crowd.come(7).token == nil)
        #expect(crowd.come(8).token != nil)
    }

    @Test func `where nobody knows who comes, one of those who hold most goes`() throws {
        var crowd = try Crowd(limit: 4)
        let single = try crowd.arrive(8)
        for _ in 0..<3 { crowd.begin(try crowd.arrive(7)) }
        let victim = crowd.table.victim(for: nil, at: crowd.now)
        #expect(victim != nil && victim != single)
    }
}

@Suite struct SharesTests {
    /// Against a model that counts anew.
    @Test func `each client's connections are counted while they come and go`() {
        var random = SplitMix64(seed: 20_261_127)
        var shares = Shares(capacity: 40)
        var owners = [UInt32?](repeating: nil, count: 40)
        for _ in 0..<5000 {
            let place = Int(random.next() % 40)
            if owners[place] == nil {
                owners[place] = UInt32(random.next() % 12)
                shares.add(peer(owners[place] ?? 0), at: place)
            } else {
                owners[place] = nil
                shares.remove(at: place)
            }
            let counts = Dictionary(grouping: owners.compactMap { $0 }) { $0 }.mapValues(\.count)
            #expect(shares.total == owners.count { $0 != nil })
            #expect(shares.most == counts.values.max() ?? 0)
            for (place, owner) in owners.enumerated() {
                #expect(shares.count(ofOwnerAt: place) == owner.flatMap { counts[$0] } ?? 0)
            }
            for client in UInt32(0)..<12 { #expect(shares.count(of: peer(client)) == counts[client] ?? 0) }
        }
    }
}
