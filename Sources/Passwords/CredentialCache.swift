/// Stands for a user's name and a password in the cache; neither can be found out from it.
public struct CredentialTag: Equatable, Sendable {
    let high: UInt64
    let low: UInt64
}

/// What comparisons found lately, so that a scraper costs one bcrypt and not one for each scrape. It holds no password.
///
/// A tag is 128 bits of two keyed hashes, Swift's `Hasher`, each begun with 128 secret bits of its own. `Hasher` is SipHash-1-3
/// and has a secret seed for each process, but `SWIFT_DETERMINISTIC_HASHING` in the environment takes that away, so the secrets
/// are what the strength rests on. That is enough here because no tag leaves the process: to be taken for somebody else,
/// a guess would have to meet two unseen values of 64 bits at once, without a key and with one try for each request. For the same
/// reason comparing tags in constant time would gain nothing: who times a comparison does not know what was compared.
public struct CredentialCache: Sendable {
    /// What is known about credentials.
    public enum Finding: Equatable, Sendable {
        case verified
        case refused
        case unknown
    }

    /// Wrong attempts that are remembered. They have room of their own: no number of them pushes out what was verified.
    static let refusedCapacity = 64

    private let keys: InlineArray<4, UInt64>
    private var verified: RecentTags
    private var refused: RecentTags

    /// Remembers so many verified credentials, and at least 64; then the one that was not used for longest goes.
    /// The secrets come from getrandom(2).
    public init(verifiedCapacity: Int = 64) {
        var generator = SystemRandomNumberGenerator()
        keys = InlineArray { _ in generator.next() }
        verified = RecentTags(capacity: max(64, verifiedCapacity))
        refused = RecentTags(capacity: CredentialCache.refusedCapacity)
    }

    /// The tag of credentials, the same as long as this cache lives.
    public func tag(user: Span<UInt8>, password: Span<UInt8>) -> CredentialTag {
        CredentialTag(
            high: CredentialCache.hash(user, password, keys[0], keys[1]),
            low: CredentialCache.hash(user, password, keys[2], keys[3]))
    }

    /// A number below `bound`, the same for a name as long as this cache lives, that nobody can foresee.
    public func choice(for user: Span<UInt8>, below bound: Int) -> Int {
        precondition(bound > 0)
        let tag = tag(user: user, password: user.extracting(0..<0))
        return Int(tag.high % UInt64(bound))
    }

    /// What is known about credentials. What was found verified counts as used.
    public mutating func lookup(_ tag: CredentialTag) -> Finding {
        if verified.use(tag) { return .verified }
        return refused.contains(tag) ? .refused : .unknown
    }

    /// Stands for a user with a hash: what was verified by it holds as long as both are the same. Never the tag of credentials, which
    /// are not kept beside these.
    public func tag(of user: User) -> CredentialTag {
        let name = Array(user.name.utf8)
        return tag(user: name.span, password: user.hash.bytes.span)
    }

    /// Remembers that a comparison with a user's hash, which `owner` stands for, found credentials right.
    public mutating func rememberVerified(_ tag: CredentialTag, owner: CredentialTag) {
        verified.insert(tag, owner: owner)
    }

    /// Remembers that a comparison found credentials wrong.
    public mutating func rememberRefused(_ tag: CredentialTag) {
        refused.insert(tag, owner: tag)
    }

    /// For when users or passwords changed: forgets what was refused, and what was verified by others than these users' hashes. There
    /// is room as `init` makes it.
    public mutating func keepVerified(ofOwners owners: [CredentialTag]) {
        verified.keep(capacity: max(64, owners.count)) { owners.contains($0) }
        refused = RecentTags(capacity: CredentialCache.refusedCapacity)
    }

    /// The length goes first, so that no part of a user can be taken for one of a password.
    private static func hash(_ user: Span<UInt8>, _ password: Span<UInt8>, _ first: UInt64, _ second: UInt64) -> UInt64
    {
        var hasher = Hasher()
        hasher.combine(first)
        hasher.combine(second)
        hasher.combine(user.count)
        unsafe user.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
        unsafe password.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}

/// At most so many tags as it was made for; then the one that was not used for longest makes room for a new one. Allocates
/// once.
private struct RecentTags: Sendable {
    private struct Entry: Sendable {
        let tag: CredentialTag
        /// Whose it is; it goes with its owner.
        let owner: CredentialTag
        var lastUse: UInt64
    }

    private var capacity: Int
    private var entries: [Entry] = []
    private var uses: UInt64 = 0

    init(capacity: Int) {
        self.capacity = capacity
        entries.reserveCapacity(capacity)
    }

    func contains(_ tag: CredentialTag) -> Bool { index(of: tag) != nil }

    /// Whether it is there; if so, it is the last to go.
    mutating func use(_ tag: CredentialTag) -> Bool {
        guard let index = index(of: tag) else { return false }
        uses += 1
        entries[index].lastUse = uses
        return true
    }

    mutating func insert(_ tag: CredentialTag, owner: CredentialTag) {
        guard !use(tag) else { return }
        uses += 1
        let entry = Entry(tag: tag, owner: owner, lastUse: uses)
        if entries.count < capacity {
            entries.append(entry)
        } else {
            entries[leastRecent] = entry
        }
    }

    /// Forgets those of other owners, and makes room for `capacity`.
    mutating func keep(capacity: Int, _ isKept: (CredentialTag) -> Bool) {
        let kept = entries.filter { isKept($0.owner) }.sorted { $0.lastUse > $1.lastUse }.prefix(capacity)
        self.capacity = capacity
        entries = []
        entries.reserveCapacity(capacity)
        entries += kept
    }

    private func index(of tag: CredentialTag) -> Int? {
        for index in entries.indices where entries[index].tag == tag { return index }
        return nil
    }

    private var leastRecent: Int {
        var least = 0
        for index in entries.indices where entries[index].lastUse < entries[least].lastUse { least = index }
        return least
    }
}
