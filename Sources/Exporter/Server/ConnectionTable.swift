import HTTP
import Kernel

/// The connections in fixed slots. A slot's generation goes up when it is filled, in one place, `insert`.
struct ConnectionTable: ~Copyable {
    /// Room for so many; `--web.max-connections` sets the limit below it.
    static let capacity = 1024
    /// Slots beyond the limit for connections that are only told that there is none free.
    static let surplus = 16
    /// An idle connection younger than this is in use, and not given up for a new one.
    static let idleGraceNanoseconds: UInt64 = 1_000_000_000

    let limit: Int
    private var slots: Slots<Connection>
    private var generations: [UInt32]
    /// A stack of the free slots.
    private var freeSlots: [Int]

    init(limit: Int) {
        precondition(limit > 0 && limit <= ConnectionTable.capacity)
        self.limit = limit
        let count = limit + ConnectionTable.surplus
        slots = Slots(count: count)
        generations = Array(repeating: 0, count: count)
        freeSlots = Array((0..<count).reversed())
    }

    var slotRange: Range<Int> { 0..<slots.count }
    var count: Int { slots.count - freeSlots.count }
    /// All that are allowed are there.
    var isFull: Bool { count >= limit }
    /// Not even one that is only told so fits.
    var isOverfull: Bool { freeSlots.isEmpty }

    /// Fills a free slot; there must be one.
    mutating func insert(_ connection: consuming Connection) -> Token {
        precondition(!isOverfull)
        let slot = freeSlots.removeLast()
        generations[slot] &+= 1
        slots[slot] = consume connection
        return token(of: slot)
    }

    func token(of slot: Int) -> Token {
        Token(.connection, slot: slot, generation: generations[slot])
    }

    /// The connection that a token means; nil if that one is gone, whoever has the slot now.
    mutating func take(_ token: Token) -> Connection? {
        guard slotRange.contains(token.slot), generations[token.slot] == token.generation else { return nil }
        return slots[token.slot].take()
    }

    /// Puts back what `take` gave.
    mutating func putBack(_ connection: consuming Connection, at slot: Int) {
        slots[slot] = consume connection
    }

    /// Frees the slot of a connection that was taken and is not put back.
    mutating func release(_ slot: Int) {
        precondition(freeSlots.count < slots.count)
        freeSlots.append(slot)
    }

    /// Whether the connection in the slot waits for a password to be checked.
    func isAwaitingCheck(_ slot: Int) -> Bool {
        switch slots[slot] {
        case .some(let connection): connection.phase == .awaitingCheck
        case .none: false
        }
    }

    /// When the connection in the slot runs out of time; nil if there is none.
    func deadline(of slot: Int) -> UInt64? {
        switch slots[slot] {
        case .some(let connection): connection.deadlineNanoseconds
        case .none: nil
        }
    }

    /// Which connection to give up for a new one: of the client that holds the most slots, the one of the lowest standing that
    /// has been still for longest. Nil if all are in use.
    func victim(nanoseconds now: UInt64) -> Token? {
        let share = largestShare()
        var best: (slot: Int, claim: Claim)?
        for slot in slotRange {
            guard let claim = claim(of: slot, now), share == nil || claim.peer == share else { continue }
            if claim.standing == .idle, now < claim.lastProgressNanoseconds + ConnectionTable.idleGraceNanoseconds {
                continue
            }
            if best.map({ claim.isWeaker(than: $0.claim) }) ?? true { best = (slot, claim) }
        }
        return best.map { token(of: $0.slot) }
    }

    /// What speaks for a connection when one has to go.
    private struct Claim {
        let standing: Connection.Standing
        let lastProgressNanoseconds: UInt64
        let peer: PeerKey

        func isWeaker(than other: Claim) -> Bool {
            (standing.rawValue, lastProgressNanoseconds) < (other.standing.rawValue, other.lastProgressNanoseconds)
        }
    }

    private func claim(of slot: Int, _ now: UInt64) -> Claim? {
        switch slots[slot] {
        case .some(let connection):
            Claim(
                standing: connection.standing(nanoseconds: now),
                lastProgressNanoseconds: connection.lastProgressNanoseconds,
                peer: connection.peer)
        case .none: nil
        }
    }

    private func peer(of slot: Int) -> PeerKey? {
        switch slots[slot] {
        case .some(let connection): connection.peer
        case .none: nil
        }
    }

    /// The client that holds more than half of the slots, if there is one: whoever outvotes all others is the only one that can.
    private func largestShare() -> PeerKey? {
        var candidate: PeerKey?
        var votes = 0
        for slot in slotRange {
            guard let peer = peer(of: slot) else { continue }
            if votes == 0 { candidate = peer }
            votes += peer == candidate ? 1 : -1
        }
        var held = 0
        for slot in slotRange where peer(of: slot) == candidate { held += 1 }
        return held > limit / 2 ? candidate : nil
    }
}
