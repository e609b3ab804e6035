import Bytes
public import Counters
import Kernel

/// A device that a feed shows and whose energy can be counted.
struct FoundInFeed: Sendable {
    let feed: Int
    let entry: Int
    let facts: CounterFacts
    /// See `FeedEntry`.
    let isDivided: Bool
    let isForgetful: Bool
    /// When it was looked for.
    let moment: Moment
}

/// What the feeds show. See docs/feeds.md.
public struct FeedDiscovery: Sendable {
    /// Those that can be counted, in the order of the feeds and of their lines.
    let found: [FoundInFeed]
    /// The others, and why they cannot.
    public let refused: [RefusedZone]
    /// The directory, and why nothing is taken from it; nil for one that is there and trusted, or that is not there.
    public let refusal: FeedRefusal?
    /// Where feeds are looked for.
    public let path: String
    /// How each feed is that was ever seen.
    public let feeds: [(name: String, condition: FeedCondition)]
    /// There is such a directory.
    public let isPresent: Bool
    /// What nobody has published for too long, by the names of the domains.
    public let stale: [String]

    /// GPUs that are divided into instances, by the names of the domains.
    public var divided: [String] { found.filter(\.isDivided).map(\.facts.domain.tag) }
    /// GPUs whose counters may begin anew with each first user, by the names of the domains.
    public var forgetful: [String] { found.filter(\.isForgetful).map(\.facts.domain.tag) }

    /// What can be counted.
    public var domains: [Domain] { found.map(\.facts.domain) }
    /// Those among them whose energy is an estimate from their power.
    public var estimated: [Domain] { found.filter(\.facts.isEstimate).map(\.facts.domain) }

    /// Looks once.
    init(_ roots: SystemRoots) {
        var source = FeedSource(roots.feeds, isInUserNamespace: roots.place.isInUserNamespace, isWanted: true)
        source.look(at: .now(), real: Clock.realtimeNanoseconds())
        var names = SensorNames()
        self = source.discover(&names, [:], at: .now())
    }

    /// What the identity of every device in a feed begins with that is no GPU, and no sensor that we know ourselves.
    static let identityPrefix = "feeds/"

    /// By what a device is known that a feed knows by an id. A sensor or a card of hwmon, which a reader may read where we gave it up as too
    /// slow, stays the same device, and its total goes on, whoever reads it.
    ///
    /// - Parameter longIdentities: those of sensors that are too long for a feed, by the ids that they have there.
    static func identity(
        _ id: String, of feed: String, isGPU: Bool, _ longIdentities: [String: String] = [:]
    ) -> String {
        if isGPU {
            let prefix = CounterFacts.gpuIdentityPrefix
            return id.hasPrefix(prefix) ? id : "\(prefix)\(feed)/\(id)"
        }
        if id.hasPrefix(HwmonChip.identityPrefix) { return id }
        return longIdentities[id] ?? "\(identityPrefix)\(feed)/\(id)"
    }

    /// The identity is a sensor's and has no room in a feed.
    static func isLong(_ identity: String) -> Bool {
        identity.hasPrefix(HwmonChip.identityPrefix) && identity.utf8.count > FeedEntry.mostIDBytes
    }

    /// What stands for an identity in a feed.
    static func id(_ identity: String) -> String { shortened(identity, toBytes: FeedEntry.mostIDBytes) }
}

extension FeedDiscovery {
    init(
        found: [FoundInFeed], refused: [RefusedZone], _ directory: borrowing FeedDirectory,
        feeds: [(name: String, condition: FeedCondition)], stale: [String]
    ) {
        self.found = found
        self.refused = refused
        self.feeds = feeds
        self.stale = stale
        path = directory.path
        isPresent = directory.condition != .absent
        if case .refused(let why) = directory.condition { refusal = why } else { refusal = nil }
    }
}

extension FeedSource {
    /// Looks closely at what was read last. Names stay with their devices.
    func discover(
        _ names: inout SensorNames, _ longIdentities: [String: String], at moment: Moment
    ) -> FeedDiscovery {
        var found: [FoundInFeed] = []
        var refused: [RefusedZone] = []
        var stale: [String] = []
        for (number, feed) in feeds.enumerated() {
            if let reason = RefusedZone.Reason(feed.condition) {
                refused.append(RefusedZone(name: feed.name + Feed.suffix, reason: reason))
            }
            guard feed.condition == .good else { continue }
            for (position, entry) in feed.content.entries.enumerated() {
                let facts = CounterFacts(entry, of: feed, &names, longIdentities)
                if case .unreadable(let obstacle) = entry.form {
                    let reason: RefusedZone.Reason =
                        obstacle == .asleep ? .asleep : .unreadable(obstacle, feed.string(entry.text))
                    refused.append(RefusedZone(name: facts.name, domain: facts.domain, reason: reason))
                } else {
                    if feed.isStale(entry, at: moment.monotonicNanoseconds) { stale.append(facts.domain.tag) }
                    found.append(
                        FoundInFeed(
                            feed: number, entry: position, facts: facts, isDivided: entry.isDivided,
                            isForgetful: entry.isForgetful, moment: moment))
                }
            }
        }
        return FeedDiscovery(
            found: found, refused: refused, directory, feeds: feeds.map { ($0.name, $0.condition) }, stale: stale)
    }
}

extension RefusedZone.Reason {
    /// Why nothing of a feed is counted; nil if it is good, or not there.
    init?(_ condition: FeedCondition) {
        switch condition {
        case .good, .gone: return nil
        case .garbage(let fault): self = .garbage(fault)
        case .unreadable(let code): self = .failed(code)
        }
    }
}

extension CounterFacts {
    /// A name is given to a device when it is seen first, whether or not it can be read.
    init(_ entry: FeedEntry, of feed: Feed, _ names: inout SensorNames, _ longIdentities: [String: String]) {
        let id = feed.string(entry.id)
        let isGPU = entry.shape.kind == .gpu
        let identity = FeedDiscovery.identity(id, of: feed.name, isGPU: isGPU, longIdentities)
        let label = names.name(identity, feed.string(entry.domain), isNumbered: isGPU)
        let isPower = entry.shape.unit == 0
        let (whole, rest) = entry.shape.unit.quotientAndRemainder(dividingBy: 1_000_000_000)
        self.init(
            source: .feeds, domain: Domain(kind: entry.shape.kind, socket: 0, label: label), identity: identity,
            name: "\(feed.name)/\(id)", modulus: entry.shape.modulus,
            unitMicrojoules: max(1, whole + (rest > 0 ? 1 : 0)),
            boundMicrowatts: entry.boundMicrowatts ?? PlausiblePower.boundMicrowatts(entry.shape.kind),
            updatePeriodNanoseconds: entry.updateNanoseconds ?? feed.content.periodNanoseconds,
            outlivesProcess: !isPower, isEstimate: entry.shape.isEstimate,
            card: isGPU
                ? CardFacts(
                    vendor: feed.string(entry.vendor), model: feed.string(entry.model), uuid: feed.string(entry.uuid),
                    address: feed.string(entry.address)) : nil)
    }
}
