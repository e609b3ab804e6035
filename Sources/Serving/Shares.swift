import Bytes
import Kernel

/// A client, and how many connections it holds.
struct Share {
    let peer: PeerKey
    var count: Int
}

/// How many connections each client holds.
///
/// A client is found by looking through all that are there, which takes less than accepting its connection.
struct Shares: ~Copyable {
    private var shares: SlotTable<Share>
    /// Whose connection is at each place of the table of connections: a place in `shares`, or -1.
    private var owners: [Int]
    /// How many are counted, of all clients together.
    private(set) var total = 0

    /// None, with room for so many connections, all of different clients.
    init(capacity: Int) {
        shares = SlotTable(capacity: capacity)
        owners = Array(repeating: -1, count: capacity)
    }

    /// A client has one more, at a place where none is counted.
    mutating func add(_ peer: PeerKey, at place: Int) {
        precondition(owners[place] < 0)
        total += 1
        if let index = index(of: peer) {
            shares[index: index]?.count += 1
            owners[place] = index
        } else if let slot = shares.insert(Share(peer: peer, count: 1)) {
            owners[place] = slot.index
        }
    }

    /// The connection at a place is gone; nothing happens if none was counted there.
    mutating func remove(at place: Int) {
        let index = owners[place]
        guard index >= 0 else { return }
        owners[place] = -1
        total -= 1
        shares[index: index]?.count -= 1
        if count(at: index) == 0, let slot = shares.slot(at: index) { shares.remove(slot) }
    }

    /// How many the client holds whose connection is at a place; 0 where none is counted.
    func count(ofOwnerAt place: Int) -> Int { owners[place] < 0 ? 0 : count(at: owners[place]) }

    func count(of peer: PeerKey) -> Int { index(of: peer).map { count(at: $0) } ?? 0 }

    /// How many the client holds that holds most.
    var most: Int {
        var most = 0
        for index in shares.indices { most = max(most, count(at: index)) }
        return most
    }

    private func count(at index: Int) -> Int { shares[index: index]?.count ?? 0 }

    private func index(of peer: PeerKey) -> Int? {
        for index in shares.indices where shares[index: index]?.peer == peer { return index }
        return nil
    }
}
