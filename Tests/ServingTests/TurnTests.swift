import Bytes
import HTTP
import Kernel
import TestSupport
import Testing

@testable import Serving

/// Who is served in a turn that is too short for all; the clock of these turns is the test's.
@Suite struct TurnTests {
    private let late = Limits.turnNanoseconds

    @Test func `whoever was not served in one turn is served before the others in the next`() throws {
        var harness = try Harness()
        let clients = try Clients(5, &harness)
        for client in 0..<5 { try clients.ask(client, &harness) }
        for client in 0..<5 { clients.send(client) }
        var order: [Int] = []
        for _ in 0..<4 {
            harness.beginTurn()
            for client in 0..<5 { harness.note(clients.token(client)) }
            // Time for two of them, who ask again at once.
            let steps = [
                try harness.step(after: late / 2 - 1), try harness.step(after: late / 2 - 1),
                try harness.step(after: late / 2),
            ]
            #expect(steps == [true, true, false])
            let answered = clients.answered()
            for client in answered { clients.send(client) }
            order += answered
        }
        #expect(order == [0, 1, 2, 3, 0, 4, 1, 2])
    }

    @Test func `clients that were answered before come before those that were not`() throws {
        var harness = try Harness()
        let clients = try Clients(4, &harness)
        for client in [2, 3] { try clients.ask(client, &harness) }
        for client in 0..<4 { clients.send(client) }
        harness.beginTurn()
        for client in 0..<4 { harness.note(clients.token(client)) }
        let order = try clients.answeredStepByStep(&harness)
        #expect(order == [[2], [3], [0], [1]])
    }

    @Test func `one that was not answered yet is served in every turn, and some are let in`() throws {
        var harness = try Harness(listening: true)
        let clients = try Clients(4, &harness)
        for client in [0, 1] { try clients.ask(client, &harness) }
        for client in 0..<4 { clients.send(client) }
        let first = try harness.connectOverTCP()
        first.send(healthy)
        let second = try harness.connectOverTCP()
        second.send(healthy)
        harness.beginTurn()
        for client in 0..<4 { harness.note(clients.token(client)) }
        harness.note(Token(.listener, slot: 0))
        while try harness.step(after: late) {}
        #expect(clients.answered() == [0, 2], "and one of those that were")
        #expect(first.receiveAll().isEmpty == false)
        #expect(second.receiveAll().isEmpty == false)
        try harness.serve()
        #expect(clients.answered() == [1, 3])
    }

    @Test func `a client that comes alone does not wait for a crowd`() throws {
        var harness = try Harness(listening: true)
        let crowd = try Clients(Limits.fewConnections + 1, &harness)
        for client in 0...Limits.fewConnections { crowd.send(client) }
        let alone = try harness.connect(from: 1)
        alone.send(healthy)
        let newcomer = try harness.connectOverTCP()
        newcomer.send(healthy)
        harness.beginTurn()
        for client in 0...Limits.fewConnections { harness.note(crowd.token(client)) }
        harness.note(Token(.connection, slot: Limits.fewConnections + 1, generation: 1))
        harness.note(Token(.listener, slot: 0))
        _ = try harness.step()
        #expect(alone.receiveAll().isEmpty == false)
        _ = try harness.step()
        #expect(newcomer.receiveAll().isEmpty == false)
        #expect(crowd.answered().isEmpty)
        // One of the crowd is served in every turn all the same: the one that has waited since it came.
        while try harness.step(after: late) {}
        #expect(crowd.answered() == [Limits.fewConnections])
    }

    @Test func `a newcomer of a crowd waits for its turn`() throws {
        var harness = try Harness(maximumConnections: 16, listening: true)
        var clients = SlotTable<Client>(capacity: Limits.fewConnections + 2)
        for _ in 0..<clients.capacity {
            let client = try harness.connectOverTCP()
            client.send(healthy)
            _ = clients.insert(client)
        }
        harness.beginTurn()
        harness.note(Token(.listener, slot: 0))
        while try harness.step(after: late) {}
        let answered = clients.indices.map { clients[index: $0]?.receiveAll().isEmpty == false }
        #expect(answered == Array(repeating: true, count: Limits.fewConnections + 1) + [false])
    }

    @Test func `clients that ask again at once have half of a turn, and newcomers the rest`() throws {
        var harness = try Harness()
        let clients = try Clients(4, &harness)
        for client in 0..<3 { try clients.ask(client, &harness) }
        for client in 0..<4 { clients.send(client) }
        harness.beginTurn()
        for client in 0..<4 { harness.note(clients.token(client)) }
        var order: [[Int]] = []
        for time in [0, late / 2 - 1, late / 2, late / 2] {
            _ = try harness.step(after: time)
            order.append(clients.answered())
        }
        #expect(order == [[0], [1], [3], []])
    }

    /// How many are let in within a turn.
    private func accepts(isFull: Bool, needsHandshake: Bool, after nanoseconds: UInt64) -> Int {
        var turn = Turn()
        turn.begin(at: 0)
        var count = 0
        while turn.hasTimeToAccept(isFull: isFull, beginningWithHandshake: needsHandshake, at: nanoseconds) {
            turn.countAccept()
            count += 1
        }
        return count
    }

    @Test func `newcomers are let in more slowly where others take the time or the places`() {
        #expect(accepts(isFull: false, needsHandshake: true, after: 0) == Limits.acceptsPerTurn)
        #expect(accepts(isFull: false, needsHandshake: true, after: late) == Limits.acceptsPerFullTurn)
        #expect(accepts(isFull: true, needsHandshake: false, after: 0) == Limits.acceptsPerFullTurn)
        #expect(accepts(isFull: true, needsHandshake: false, after: late) == Limits.acceptsPerFullTurn)
        // Nobody's handshake would come to its end before another took its place.
        #expect(accepts(isFull: true, needsHandshake: true, after: 0) == 1)
        #expect(accepts(isFull: true, needsHandshake: true, after: late) == 1)
    }

    @Test func `a connection that ends leaves no turn to its successor in the slot`() throws {
        var harness = try Harness(maximumConnections: 2, listening: true)
        let clients = try Clients(2, &harness)
        for client in 0..<2 { clients.send(client) }
        let newcomer = try harness.connectOverTCP()
        newcomer.send(healthy)
        harness.beginTurn()
        for client in 0..<2 { harness.note(clients.token(client)) }
        harness.note(Token(.listener, slot: 0))
        // The first is served, and the newcomer takes the place of the second.
        let steps = [try harness.step(after: late), try harness.step(after: late)]
        #expect(steps == [true, true])
        #expect(harness.counters.rejections(.evicted) == 1)
        #expect(newcomer.receiveAll().hasPrefix("HTTP/1.1 200 OK"))
        newcomer.send(healthy)
        while try harness.step() {}
        #expect(newcomer.receiveAll().isEmpty)
    }

    @Test func `a client that sends many requests together comes after one that sends them one by one`() throws {
        var harness = try Harness()
        let clients = try Clients(2, &harness)
        clients.send(0, times: 3 * Limits.requestsPerTurn)
        try clients.ask(1, &harness, turns: 1)
        clients.send(1)
        harness.beginTurn(at: Clock.monotonicNanoseconds() + 100_000_000)
        for client in 0..<2 { harness.note(clients.token(client)) }
        let order = try clients.answeredStepByStep(&harness)
        #expect(order == [[1], [0]])
    }

    @Test func `clients that ask again at once come after one that asks now and then`() throws {
        var harness = try Harness()
        let clients = try Clients(4, &harness)
        for client in 0..<4 { try clients.ask(client, &harness) }
        let start = Clock.monotonicNanoseconds()
        var order: [[Int]] = []
        for milliseconds in [100, 120] as [UInt64] {
            harness.beginTurn(at: start + milliseconds * 1_000_000)
            for client in 0..<(milliseconds == 100 ? 3 : 4) {
                clients.send(client)
                harness.note(clients.token(client))
            }
            order += try clients.answeredStepByStep(&harness)
        }
        #expect(order == [[0], [1], [2], [3], [0], [1], [2]])
    }

    /// One request of these costs more than ten others.
    @Test(arguments: [
        "GET /metrics?name[]=a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /-/healthy HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 7_900))\r\n\r\n",
    ])
    func `a page that is made, or a long head, is as much as a client is given in one turn`(request: String) throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send(request + healthy)
        try harness.turn()
        #expect(client.receiveAll().count(of: "HTTP/1.1 200 OK") == 1)
        try harness.turn()
        #expect(client.receiveAll().count(of: "HTTP/1.1 200 OK") == 1)
    }

    /// Connected clients, each in the slot of its number.
    private struct Clients: ~Copyable {
        private var clients = InlineArray<8, Client?> { _ in nil }

        init(_ count: Int, _ harness: inout Harness) throws {
            for index in 0..<count { clients[index] = try harness.connect() }
        }

        func token(_ index: Int) -> Token { Token(.connection, slot: index, generation: 1) }

        func send(_ index: Int, times count: Int = 1) {
            Clients.send(String(repeating: healthy, count: count), on: clients[index])
        }

        private static func send(_ text: String, on client: borrowing Client?) {
            switch client {
            case .some(let client): client.send(text)
            case .none: break
            }
        }

        /// Has one answered.
        func ask(_ index: Int, _ harness: inout Harness, turns: Int = 4) throws {
            send(index)
            try harness.serve(turns: turns)
            _ = answered()
        }

        /// Who has got an answer since the last time.
        func answered() -> [Int] {
            clients.indices.filter { Clients.hasAnswer(clients[$0]) }
        }

        /// Steps until nobody is left, and says who has got an answer in each step.
        func answeredStepByStep(_ harness: inout Harness) throws -> [[Int]] {
            var order: [[Int]] = []
            var isLeft = true
            while isLeft {
                isLeft = try harness.step()
                order.append(answered())
            }
            return order
        }

        private static func hasAnswer(_ client: borrowing Client?) -> Bool {
            switch client {
            case .some(let client): !client.receiveAll().isEmpty
            case .none: false
            }
        }
    }
}
