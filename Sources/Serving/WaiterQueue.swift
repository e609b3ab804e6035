import Kernel
import Passwords

/// Connections whose credentials are not known yet, in the order in which it is their turn to be compared.
///
/// Fair between clients, not between connections: each waiter has a place in a virtual time that goes on by one with each
/// comparison, and behind the client's own last waiter. So a client that waits once comes after at most one of each other
/// client's, however many those have. See "start-time fair queuing", Goyal, Vin and Cheng, 1997.
///
/// Where there are more clients than places, lots decide between those that have one place and those that have none. A client's lot
/// stays for a while, so that it does not help to ask more often.
struct WaiterQueue {
    /// Room for so many.
    static let capacity = 32
    /// One client can hold so many, never all.
    static let capacityOfPeer = 16

    /// What admitting a waiter takes.
    enum Place: Equatable {
        /// It is in already.
        case held(Int)
        case free
        /// The newest waiter of the client that has the most has to go for it, or the one with the smallest lot.
        case taken(Int)
        /// Its own client has the most, or as many as one may have, or the lots are against it.
        case none
    }

    private struct Waiter {
        let token: Token
        let tag: CredentialTag
        let peer: PeerKey
        let turn: UInt64
        /// Of its client, when it was admitted.
        let lot: UInt64
    }

    /// In order of arrival. Allocated once.
    private var waiters: [Waiter] = []
    /// The turn of the waiter whose comparison was started last.
    private var now: UInt64 = 0
    /// How many comparisons were started: after as many as there are places, lots are drawn anew.
    private var started: UInt64 = 0
    /// Nobody can foresee lots.
    private let secret: InlineArray<2, UInt64>

    init() {
        var generator = SystemRandomNumberGenerator()
        secret = InlineArray { _ in generator.next() }
        waiters.reserveCapacity(WaiterQueue.capacity)
    }

    /// Where a waiter is or could be. A connection that waits with other credentials than before has lost its place.
    mutating func place(for token: Token, _ tag: CredentialTag, _ peer: PeerKey) -> Place {
        if let index = index(of: token) {
            if waiters[index].tag == tag { return .held(index) }
            waiters.remove(at: index)
        }
        let own = count(of: peer)
        guard own < WaiterQueue.capacityOfPeer else { return .none }
        guard waiters.count >= WaiterQueue.capacity else { return .free }
        var heaviest = (peer: peer, count: own + 1)
        for waiter in waiters {
            let count = count(of: waiter.peer)
            if count > heaviest.count { heaviest = (waiter.peer, count) }
        }
        if heaviest.count > own + 1, let newest = waiters.lastIndex(where: { $0.peer == heaviest.peer }) {
            return .taken(newest)
        }
        guard own == 0, let loser = indexOfSmallestLot, waiters[loser].lot < lot(of: peer) else { return .none }
        return .taken(loser)
    }

    private var indexOfSmallestLot: Int? {
        waiters.indices.min { waiters[$0].lot < waiters[$1].lot }
    }

    private func lot(of peer: PeerKey) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(secret[0])
        hasher.combine(secret[1])
        hasher.combine(started / UInt64(WaiterQueue.capacity))
        hasher.combine(peer)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// Lets a connection wait at the place that was found for it just now; gives the one that has to go.
    mutating func admit(_ token: Token, _ tag: CredentialTag, _ peer: PeerKey, at place: Place) -> Token? {
        var displaced: Token?
        switch place {
        case .held, .none: return nil
        case .free: break
        case .taken(let index): displaced = waiters.remove(at: index).token
        }
        var last = now
        for waiter in waiters where waiter.peer == peer { last = max(last, waiter.turn) }
        waiters.append(Waiter(token: token, tag: tag, peer: peer, turn: last + 1, lot: lot(of: peer)))
        return displaced
    }

    /// The waiter's comparison was started.
    mutating func start(_ token: Token) {
        started += 1
        if let index = index(of: token) { now = max(now, waiters[index].turn) }
    }

    mutating func remove(_ token: Token) {
        if let index = index(of: token) { waiters.remove(at: index) }
    }

    /// All of them, in the order of their turns; between equal ones, in order of arrival.
    func inOrder() -> WaitingTokens {
        var tokens = WaitingTokens()
        var turn: UInt64 = 0
        while let next = waiters.lazy.map(\.turn).filter({ $0 > turn }).min() {
            for waiter in waiters where waiter.turn == next { tokens.append(waiter.token) }
            turn = next
        }
        return tokens
    }

    private func index(of token: Token) -> Int? {
        for index in waiters.indices where waiters[index].token == token { return index }
        return nil
    }

    private func count(of peer: PeerKey) -> Int {
        var count = 0
        for waiter in waiters where waiter.peer == peer { count += 1 }
        return count
    }
}

/// Tokens of waiters, in order, without an allocation.
struct WaitingTokens {
    private(set) var count = 0
    private var tokens = InlineArray<32, Token>(repeating: Token(.connection))

    subscript(index: Int) -> Token {
        precondition(index < count)
        return tokens[index]
    }

    mutating func append(_ token: Token) {
        tokens[count] = token
        count += 1
    }
}
