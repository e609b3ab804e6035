import Counters
import Kernel

/// When one kind of source is looked for.
///
/// Nothing announces what comes (inotify says nothing in sysfs, and the kernel's events do not reach a private network namespace), so
/// the directories that show it are listed from time to time, which costs some microseconds. Only when the listing has changed, or
/// something that is listed is not open, is it looked at closely: at once after a change, and after a second and then ever more rarely
/// as long as nothing can be opened.
struct Search {
    /// So often the directories are listed.
    static let listingNanoseconds: UInt64 = 2_000_000_000
    private static let firstDelayNanoseconds: UInt64 = 1_000_000_000
    private static let longestDelayNanoseconds: UInt64 = 60_000_000_000

    let kind: SourceKind
    /// The row of `SourceChoice.alternatives` that the kind is in.
    let row: Int
    /// The others of that row, which read the same.
    let rivals: SourceKinds
    private let directories: [StoredPath]
    private let files: [StoredPath]
    private var listing: ListingDigest
    /// Something that is listed could not be opened.
    private var isWaiting = false
    private var delayNanoseconds = firstDelayNanoseconds
    private var nextNanoseconds: UInt64?

    /// What is listed from now on counts as a change.
    init(_ kind: SourceKind, among kinds: [SourceKind], row: Int, sysfs: String) {
        self.kind = kind
        self.row = row
        var rivals = SourceKinds()
        for rival in kinds where rival != kind { rivals.insert(rival) }
        self.rivals = rivals
        directories = Search.directories(kind).map { StoredPath("\(sysfs)/\($0)") }
        files = Search.files(kind).map { StoredPath("\(sysfs)/\($0)") }
        listing = ListingDigest()
        listing = list()
    }

    /// What shows that something of a kind came or went.
    private static func directories(_ kind: SourceKind) -> [String] {
        switch kind {
        case .powercap: ["class/powercap"]
        case .perf: ["bus/event_source/devices"]
        case .hwmon: ["class/hwmon"]
        // Each publication changes what is listed: `FeedSource` tells what came and went.
        case .feeds, .simulated: []
        }
    }

    /// The processors that read for a package, as the unit of perf shows them: others when some are switched off.
    private static func files(_ kind: SourceKind) -> [String] {
        kind == .perf ? ["bus/event_source/devices/power/cpumask"] : []
    }

    private func list() -> ListingDigest {
        var digest = ListingDigest()
        for directory in directories { digest.add(directory: directory) }
        for file in files { digest.add(file: file) }
        return digest
    }

    /// Whether it is time to look closely.
    ///
    /// - Parameters:
    ///   - lists: it is time to list the directories.
    ///   - isMissing: a counter of this kind went.
    mutating func isDue(at now: UInt64, lists: Bool, isMissing: Bool) -> Bool {
        if lists && hasChanged() {
            delayNanoseconds = Search.firstDelayNanoseconds
            nextNanoseconds = now + delayNanoseconds
            return true
        }
        guard isMissing || isWaiting else {
            begin()
            return false
        }
        let due = nextNanoseconds ?? now + delayNanoseconds
        nextNanoseconds = due
        guard now >= due else { return false }
        delayNanoseconds = min(delayNanoseconds * 2, Search.longestDelayNanoseconds)
        nextNanoseconds = now + delayNanoseconds
        return true
    }

    /// Makes a close look due at once: there was none while another kind was read in the place of this one.
    mutating func lookAtOnce() {
        isWaiting = true
        nextNanoseconds = 0
    }

    /// Takes in what a close look brought: whether something was opened, and whether something that is listed could not be.
    mutating func settle(hasOpened: Bool, isWaiting: Bool) {
        self.isWaiting = isWaiting
        if hasOpened { begin() }
    }

    /// Whether the directories list something else than when this was asked last.
    mutating func hasChanged() -> Bool {
        let current = list()
        defer { listing = current }
        return current != listing
    }

    private mutating func begin() {
        delayNanoseconds = Search.firstDelayNanoseconds
        nextNanoseconds = nil
    }
}
