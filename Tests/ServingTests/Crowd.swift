import Bytes
import Glibc
import TestSupport

@testable import Kernel
@testable import Serving

/// Clients and a table of connections, on a clock that the test moves.
struct Crowd: ~Copyable {
    var table: ConnectionTable
    private(set) var now: UInt64 = 1_000_000_000_000
    /// Connections of this process, one of which stands for all: nothing is sent.
    private let socket: FileDescriptor

    init(limit: Int) throws {
        table = ConnectionTable(limit: limit)
        socket = try FileDescriptor.open("/dev/null", O_RDWR)
    }

    mutating func wait(milliseconds: UInt64) { now += milliseconds * 1_000_000 }

    /// A client connects; nil if it is told that all connections are in use. `displaced` is who has to go for it.
    mutating func come(_ client: UInt32) -> (token: Token?, displaced: Token?) {
        var displaced: Token?
        if table.isFull {
            displaced = table.victim(for: peer(client), at: now)
            guard let displaced, let gone = table.remove(displaced) else { return (nil, nil) }
            discard(gone)
        }
        let number = socket.withNumber { dup($0) }
        return (
            table.insert(Connection(socket: FileDescriptor(inherited: number), peer: peer(client), at: now)), displaced
        )
    }

    /// The same, where it is sure to get in.
    mutating func arrive(_ client: UInt32) throws -> Token {
        guard let token = come(client).token else { throw Unexpected(what: "client \(client) is turned away") }
        return token
    }

    mutating func ask(_ token: Token) {
        change(token) { connection, now in connection.complete(bodyLength: 0, at: now) }
    }

    /// The first bytes of a request arrive, and no more.
    mutating func begin(_ token: Token) {
        change(token) { connection, now in connection.request.isIncomplete(3, at: now) }
    }

    mutating func awaitCheck(_ token: Token) {
        change(token) { connection, _ in connection.awaitCheck() }
    }

    mutating func leave(_ token: Token) {
        if let connection = table.remove(token) { discard(connection) }
    }

    func isThere(_ token: Token) -> Bool { table.token(at: token.slot) == token }

    private mutating func change(_ token: Token, _ change: (inout Connection, UInt64) -> Void) {
        table.slots[token.place]?.apply { change(&$0, now) }
    }

    private func discard(_ connection: consuming Connection) {}

    struct Unexpected: Error {
        let what: String
    }
}

extension Connection {
    fileprivate mutating func apply(_ change: (inout Connection) -> Void) { change(&self) }
}

/// Clients that hold as many connections as they can, and ask on each at intervals.
struct Attackers {
    let clients: Range<UInt32>
    let connectionsOfEach: Int
    let periodMilliseconds: UInt64

    /// Each wish for a connection: whose, which one if it has one, and when it asks next.
    private var wishes: [(client: UInt32, token: Token?, askMilliseconds: UInt64)] = []
    private var random: SplitMix64

    init(_ clients: Range<UInt32>, connectionsOfEach: Int, periodMilliseconds: UInt64, seed: UInt64) {
        self.clients = clients
        self.connectionsOfEach = connectionsOfEach
        self.periodMilliseconds = periodMilliseconds
        random = SplitMix64(seed: seed)
        for client in clients {
            for _ in 0..<connectionsOfEach {
                wishes.append((client, nil, random.next() % periodMilliseconds))
            }
        }
    }

    var held: Int { wishes.count { $0.token != nil } }

    /// Up to this moment: whoever lost its connection, or never had one, comes again and asks at once, and all ask in their time.
    mutating func act(_ crowd: inout Crowd, at milliseconds: UInt64) throws {
        for index in wishes.indices.shuffled(using: &random) {
            if let token = wishes[index].token, !crowd.isThere(token) { wishes[index].token = nil }
            let isNew = wishes[index].token == nil
            if isNew { wishes[index].token = try crowd.arrive(wishes[index].client) }
            guard let token = wishes[index].token, isNew || milliseconds >= wishes[index].askMilliseconds else {
                continue
            }
            crowd.ask(token)
            wishes[index].askMilliseconds = milliseconds + periodMilliseconds
        }
    }
}
