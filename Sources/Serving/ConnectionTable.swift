import Bytes
import HTTP
import Kernel

/// The connections, each in a slot of its own, and who has to go when there is no room.
struct ConnectionTable: ~Copyable {
    /// Room for so many; `--web.max-connections` sets the limit below it.
    static let capacity = 1024
    /// Slots beyond the limit for connections that are only told that there is none free.
    static let surplus = 16

    private let limit: Int
    /// The connections, each to be changed in its place; they come by `insert` and go by `remove`.
    var slots: SlotTable<Connection>
    /// Of those within the limit.
    private var shares: Shares

    init(limit: Int) {
        precondition(limit > 0 && limit <= ConnectionTable.capacity)
        self.limit = limit
        slots = SlotTable(capacity: limit + ConnectionTable.surplus)
        shares = Shares(capacity: limit + ConnectionTable.surplus)
    }

    var count: Int { slots.count }
    /// All that are allowed are there.
    var isFull: Bool { shares.total >= limit }
    /// Not even one that is only told so fits.
    var isOverfull: Bool { slots.isFull }

    /// Where connections may be; of each, `token` tells whether one is there.
    var places: Range<Int> { slots.indices }

    /// Fills a free slot; nil if there is none.
    mutating func insert(_ connection: consuming Connection) -> Token? {
        let owner = connection.isSurplus ? nil : connection.peer
        guard let slot = slots.insert(connection) else { return nil }
        if let owner { shares.add(owner, at: slot.index) }
        return Token(slot)
    }

    /// The connection at a place; nil if there is none, or none of which the condition holds.
    func token(at place: Int, where condition: (borrowing Connection) -> Bool = { _ in true }) -> Token? {
        guard look(at: place, condition) == true else { return nil }
        return slots.slot(at: place).map { Token($0) }
    }

    /// Frees the slot of a connection; nil if that one is gone.
    mutating func remove(_ token: Token) -> Connection? {
        guard let connection = slots.remove(token.place) else { return nil }
        shares.remove(at: token.slot)
        return connection
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

    /// How many connections the client of one holds.
    func shareCount(ofOwnerOf token: Token) -> Int { shares.count(ofOwnerAt: token.slot) }

    /// Which connection goes for a newcomer when the table is full, by max-min fairness: the weakest of the client that holds most. If no
    /// client holds more than the newcomer's, it is the weakest of its own.
    ///
    /// A client that holds fewer than another always gets a place. One that holds most is turned away only where every single connection is
    /// in the middle of a request: then the answer is nil.
    ///
    /// - Parameter newcomer: nil where nobody knows who comes; it counts as one that holds nothing.
    func victim(for newcomer: PeerKey?, at now: UInt64) -> Token? {
        let most = shares.most
        let displacesItself = newcomer.map { shares.count(of: $0) >= most } ?? false
        var weakest: (place: Int, claim: Claim)?
        var areAllInRequest = true
        for place in places {
            guard let claim = look(at: place, { Claim($0, at: now) }), !claim.isSurplus else { continue }
            areAllInRequest = areAllInRequest && claim.isInRequest
            guard displacesItself ? claim.peer == newcomer : shares.count(ofOwnerAt: place) == most else { continue }
            if weakest.map({ claim.isWeaker(than: $0.claim) }) ?? true { weakest = (place, claim) }
        }
        return displacesItself && areAllInRequest ? nil : weakest.flatMap { token(at: $0.place) }
    }

    /// The connection beyond the limit that has been there for longest: it has been told by now, or has not asked.
    func oldestSurplus(at now: UInt64) -> Token? {
        var oldest: (place: Int, claim: Claim)?
        for place in places {
            guard let claim = look(at: place, { Claim($0, at: now) }), claim.isSurplus else { continue }
            if oldest.map({ claim.isOlder(than: $0.claim) }) ?? true { oldest = (place, claim) }
        }
        return oldest.flatMap { token(at: $0.place) }
    }
}

/// What speaks for a connection when one has to go.
private struct Claim {
    let peer: PeerKey
    let isSurplus: Bool
    let isInRequest: Bool
    private let standing: Connection.Standing
    private let askedNanoseconds: UInt64

    init(_ connection: borrowing Connection, at now: UInt64) {
        peer = connection.peer
        isSurplus = connection.isSurplus
        isInRequest = connection.isInRequest(at: now)
        standing = connection.standing(at: now)
        askedNanoseconds = connection.rhythm.lastNanoseconds
    }

    func isWeaker(than other: Claim) -> Bool {
        (standing.rawValue, askedNanoseconds) < (other.standing.rawValue, other.askedNanoseconds)
    }

    func isOlder(than other: Claim) -> Bool { askedNanoseconds < other.askedNanoseconds }
}
