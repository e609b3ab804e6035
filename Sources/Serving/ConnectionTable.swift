import Bytes
import HTTP
import Kernel

/// The connections, each in a slot of its own, and who has to go when there is no room.
struct ConnectionTable: ~Copyable {
    /// Room for so many; `--web.max-connections` sets the limit below it.
    static let capacity = 1024
    /// Slots beyond the limit for connections that are only told that there is none free.
    static let surplus = 16
    /// An idle connection younger than this is in use, and not given up for a new one.
    static let idleGraceNanoseconds: UInt64 = 1_000_000_000

    private let limit: Int
    private var slots: SlotTable<Connection>

    init(limit: Int) {
        precondition(limit > 0 && limit <= ConnectionTable.capacity)
        self.limit = limit
        slots = SlotTable(capacity: limit + ConnectionTable.surplus)
    }

    var count: Int { slots.count }
    /// All that are allowed are there.
    var isFull: Bool { slots.count >= limit }
    /// Not even one that is only told so fits.
    var isOverfull: Bool { slots.isFull }

    /// Where connections may be; of each, `token` tells whether one is there.
    var places: Range<Int> { slots.indices }

    /// Fills a free slot; nil if there is none.
    mutating func insert(_ connection: consuming Connection) -> Token? {
        slots.insert(connection).map { Token($0) }
    }

    /// The connection at a place; nil if there is none, or none of which the condition holds.
    func token(at place: Int, where condition: (borrowing Connection) -> Bool = { _ in true }) -> Token? {
        guard look(at: place, condition) == true else { return nil }
        return slots.slot(at: place).map { Token($0) }
    }

    /// The connection that a token means; nil if that one is gone, whoever has the slot now.
    mutating func take(_ token: Token) -> Connection? {
        slots[token.place].take()
    }

    /// Puts back what `take` gave.
    mutating func putBack(_ connection: consuming Connection, at token: Token) {
        slots[token.place] = consume connection
    }

    /// Frees the slot of a connection that was taken and is not put back.
    mutating func release(_ token: Token) {
        slots.remove(token.place)
    }

    /// Looks at a connection; nil if there is none at the place.
    func look<Result>(at place: Int, _ look: (borrowing Connection) -> Result) -> Result? {
        switch slots[index: place] {
        case .some(let connection): look(connection)
        case .none: nil
        }
    }

    /// Looks at the connection that a token means; nil if that one is gone.
    func look<Result>(_ token: Token, _ look: (borrowing Connection) -> Result) -> Result? {
        switch slots[token.place] {
        case .some(let connection): look(connection)
        case .none: nil
        }
    }

    /// Which connection to give up for a new one: of the client that holds the most slots, the one of the lowest standing that
    /// has been still for longest. Nil if all are in use.
    func victim(at now: UInt64) -> Token? {
        let share = largestShare()
        var best: (place: Int, claim: Claim)?
        for place in places {
            guard let claim = look(at: place, { Claim($0, at: now) }), share == nil || claim.peer == share else {
                continue
            }
            if claim.standing == .idle, now < claim.lastProgressNanoseconds + ConnectionTable.idleGraceNanoseconds {
                continue
            }
            if best.map({ claim.isWeaker(than: $0.claim) }) ?? true { best = (place, claim) }
        }
        return best.flatMap { token(at: $0.place) }
    }

    /// The client that holds more than half of the slots, if there is one, by the Boyer-Moore majority vote: first the only
    /// candidate is found, then its slots are counted.
    private func largestShare() -> PeerKey? {
        var candidate: PeerKey?
        var votes = 0
        for place in places {
            guard let peer = look(at: place, { $0.peer }) else { continue }
            if votes == 0 { candidate = peer }
            votes += peer == candidate ? 1 : -1
        }
        var held = 0
        for place in places where look(at: place, { $0.peer }) == candidate { held += 1 }
        return held > limit / 2 ? candidate : nil
    }
}

/// What speaks for a connection when one has to go.
private struct Claim {
    let standing: Connection.Standing
    let lastProgressNanoseconds: UInt64
    let peer: PeerKey

    init(_ connection: borrowing Connection, at now: UInt64) {
        standing = connection.standing(at: now)
        lastProgressNanoseconds = connection.lastProgressNanoseconds
        peer = connection.peer
    }

    func isWeaker(than other: Claim) -> Bool {
        (standing.rawValue, lastProgressNanoseconds) < (other.standing.rawValue, other.lastProgressNanoseconds)
    }
}
