/// What stands in epoll's data word: which source is ready, and for connections which tenant of the slot.
///
/// The generation tells a late event for a closed connection from one for its successor in the same slot.
struct Token: Equatable {
    enum Kind: UInt8 {
        case timer
        case signals
        case listener
        case connection
        /// A password is checked.
        case passwordCheck
        /// A file of the web configuration may have changed.
        case files
    }

    let kind: Kind
    /// Below 2^24.
    let slot: Int
    let generation: UInt32

    init(_ kind: Kind, slot: Int = 0, generation: UInt32 = 0) {
        precondition(slot >= 0 && slot < 1 << 24)
        self.kind = kind
        self.slot = slot
        self.generation = generation
    }

    init?(word: UInt64) {
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: word >> 56)) else { return nil }
        self.kind = kind
        slot = Int(word >> 32 & 0xFF_FFFF)
        generation = UInt32(truncatingIfNeeded: word)
    }

    var word: UInt64 {
        UInt64(kind.rawValue) << 56 | UInt64(slot) << 32 | UInt64(generation)
    }
}
