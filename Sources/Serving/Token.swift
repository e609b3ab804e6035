import Bytes

/// What stands in epoll's data word: which source is ready, and for connections which tenant of the slot.
///
/// The generation tells a late event for a closed connection from one for its successor in the same slot.
public struct Token: Sendable, Equatable {
    /// Which source is ready.
    public enum Kind: UInt8, Sendable {
        /// A sample is due.
        case timer
        case signals
        case listener
        case connection
        /// A password is checked.
        case passwordCheck
        /// A file of the web configuration may have changed.
        case files
    }

    /// Which source is ready.
    public let kind: Kind
    /// The place of a listener or connection, below 2^24; 0 for all others.
    public let slot: Int
    /// Which tenant of the slot; 0 for all but connections.
    public let generation: UInt32

    /// Slots are counted from 0 and are below 2^24.
    public init(_ kind: Kind, slot: Int = 0, generation: UInt32 = 0) {
        precondition(slot >= 0 && slot < 1 << 24)
        self.kind = kind
        self.slot = slot
        self.generation = generation
    }

    /// What `word` gave; nil for a word of an unknown kind.
    public init?(word: UInt64) {
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: word >> 56)) else { return nil }
        self.kind = kind
        slot = Int(word >> 32 & 0xFF_FFFF)
        generation = UInt32(truncatingIfNeeded: word)
    }

    /// The token as epoll keeps it.
    public var word: UInt64 {
        UInt64(kind.rawValue) << 56 | UInt64(slot) << 32 | UInt64(generation)
    }
}

extension Token {
    /// What epoll reports about a connection.
    init(_ slot: Slot) {
        self.init(.connection, slot: slot.index, generation: slot.generation)
    }

    /// The place in the table of connections.
    var place: Slot { Slot(index: slot, generation: generation) }
}
