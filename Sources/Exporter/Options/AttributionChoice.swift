import Attribution
import Counters

/// What is shared out, and how, as far as the user decides it.
struct AttributionChoice {
    var settings = AttributionSettings()
    /// The kinds of energy, each shared out on its own.
    var kinds: [DomainKind] = [.package, .dram]
    /// The idle power of kinds, where it is not to be measured.
    var idlePowers: [IdleWatts] = []
}

/// `--attribution` as it is written.
enum AttributionName: String, CaseIterable {
    case off
    case slices
    case units
    case containers

    /// Nil for `off`.
    var level: AttributionLevel? {
        switch self {
        case .off: nil
        case .slices: .slices
        case .units: .units
        case .containers: .containers
        }
    }
}

/// A kind of energy that can be shared out: those that lie in a package are in it already.
enum SharedKind: String, CaseIterable {
    case package
    case dram
    case psys

    var kind: DomainKind {
        switch self {
        case .package: .package
        case .dram: .dram
        case .psys: .psys
        }
    }
}

/// Several kinds, with commas between them.
struct SharedKinds {
    let kinds: [DomainKind]

    init(parsing text: String) throws(WrongValue) {
        var kinds: [DomainKind] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let kind: SharedKind = try Parsing.oneOf(String(word))
            if !kinds.contains(kind.kind) { kinds.append(kind.kind) }
        }
        self.kinds = kinds
    }
}

/// The idle power of a kind of energy, written as `35` for the package's or as `dram=3`.
struct IdleWatts {
    let kind: DomainKind
    let microwatts: UInt64

    private static let mostDigits = 6

    init(parsing text: String) throws(WrongValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let kind: SharedKind? = parts.count == 2 ? SharedKind(rawValue: String(parts[0])) : .package
        guard let kind, let number = parts.last, let microwatts = IdleWatts.microwatts(number) else {
            throw WrongValue(
                "allowed is a number of watts below a million, such as 35 or 2.5, or dram=3 for another kind")
        }
        self.kind = kind.kind
        self.microwatts = microwatts
    }

    private static func microwatts(_ text: Substring) -> UInt64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard let whole = parts.first, !whole.isEmpty, whole.count <= mostDigits, fraction.count <= mostDigits,
            (whole + fraction).utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return UInt64(whole + fraction + String(repeating: "0", count: mostDigits - fraction.count))
    }
}

/// The time between two passes over the cgroups; `auto` is as often as they may cost.
struct PassInterval: Equatable {
    let nanoseconds: UInt64

    init(parsing text: String) throws(WrongValue) {
        guard text != "auto" else {
            nanoseconds = 0
            return
        }
        do throws(WrongValue) {
            nanoseconds = try SampleInterval(parsing: text).nanoseconds
        } catch {
            throw WrongValue("\(error), or auto")
        }
    }
}

/// How long what has ended is shown.
struct Keeping: TimeSpan {
    static let longestSeconds: UInt64 = 86_400
    static let examples = "60s or 600s"
    let nanoseconds: UInt64
}

extension Parsing {
    static func mostUnits(_ text: String) throws(WrongValue) -> Int {
        try number(text, in: 1...AttributionSettings.largestMostUnits)
    }

    /// `60` or `60/min`.
    static func newPerMinute(_ text: String) throws(WrongValue) -> Int {
        try number(text.hasSuffix("/min") ? String(text.dropLast(4)) : text, in: 1...100_000)
    }

    static func glob(_ text: String) throws(WrongValue) -> Glob {
        guard let glob = Glob(text) else {
            throw WrongValue("allowed is a pattern with * and ?, such as user-*.slice or /system.slice/*")
        }
        return glob
    }

    private static func number(_ text: String, in range: ClosedRange<Int>) throws(WrongValue) -> Int {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), range.contains(number)
        else {
            throw WrongValue("allowed are \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
