import Accounts
public import Attribution
import Bytes
public import Counters

/// Shares the energy that was counted out among those who used it: the rise of the accounts' totals goes to `Attribution`, kind by
/// kind, and each microjoule once.
public struct Sharing: ~Copyable {
    /// Who used it.
    public internal(set) var attribution: Attribution
    /// The kinds that are shared out, in the order in which `Attribution` numbers them.
    public let kinds: [DomainKind]
    /// What each account's total was at the latest pass; nil if it was not taken then.
    private(set) var totals: [UInt64?] = []
    /// By which each account is known in the ledger.
    private(set) var identities: [UInt64] = []
    /// What an earlier run left of totals, by that number.
    var former: [UInt64: UInt64] = [:]
    let kindCodes: [UInt64]
    /// What is written to the ledger; nil without one.
    var record: ByteBuffer?
    private var energy: [UInt64]
    /// The pass over the counters whose totals were shared out last.
    private(set) var generation: UInt64 = 0
    /// Since when some counter cannot be read, so that no pass begins; nil if all can.
    private var heldSinceNanoseconds: UInt64?
    /// What a pass takes, as measured lately, and one that reads everything, as each minute one does.
    private var passNanoseconds: UInt64 = 0
    private var periodicNanoseconds: UInt64 = 0

    /// A pass that costs more than this is made for no page: the page shows the one before.
    private static let mostForPageNanoseconds: UInt64 = 1_000_000
    /// After so long, what can be read is shared out, although other counters of the kind cannot.
    private static let longestHoldNanoseconds: UInt64 = 10_000_000_000

    /// Shares out these kinds; `attribution` must have been made for as many.
    public init(_ attribution: consuming Attribution, kinds: [DomainKind]) {
        precondition(attribution.settings.kindCount == kinds.count)
        self.attribution = attribution
        self.kinds = kinds
        energy = Array(repeating: 0, count: kinds.count)
        kindCodes = kinds.map(Sharing.code)
    }

    /// The time between two passes: what was asked for, or more where passes would take more than their share of a processor.
    public var intervalNanoseconds: UInt64 { max(attribution.settings.intervalNanoseconds, leastPauseNanoseconds) }

    /// What a pass takes, with its part of the one that reads everything.
    public var costNanoseconds: UInt64 {
        let longest = Attribution.longestRestNanoseconds
        let pause = min(passNanoseconds, longest / AttributionSettings.costPart) * AttributionSettings.costPart
        let interval = min(max(attribution.settings.intervalNanoseconds, pause), longest)
        return passNanoseconds.saturatingSum(periodicNanoseconds.scaled(by: interval, over: longest))
    }

    private var leastPauseNanoseconds: UInt64 {
        let (pause, overflows) = costNanoseconds.multipliedReportingOverflow(by: AttributionSettings.costPart)
        return overflows ? .max : pause
    }

    /// Whether it is time for a pass, where one can come with each tick.
    func isDue(at now: UInt64, tickNanoseconds: UInt64) -> Bool {
        !attribution.isUnderWay && now >= dueNanoseconds(tickNanoseconds: tickNanoseconds)
    }

    /// When it is time for a pass, on the monotonic clock; 0 if one is under way.
    func dueNanoseconds(tickNanoseconds: UInt64) -> UInt64 {
        guard !attribution.isUnderWay, let last = attribution.passNanoseconds else { return 0 }
        let due = last.saturatingSum(intervalNanoseconds)
        return due - min(due, tickNanoseconds / 2)
    }

    /// Whether a pass is cheap enough to be made for a page.
    func isAffordable(at now: UInt64) -> Bool {
        guard !attribution.isUnderWay, costNanoseconds <= Sharing.mostForPageNanoseconds else { return false }
        return now >= (attribution.passNanoseconds ?? 0).saturatingSum(leastPauseNanoseconds)
    }

    /// Takes in what a pass took in all its steps.
    public mutating func note(costNanoseconds cost: UInt64) {
        // The first one opens everything, and says little of those that come.
        if attribution.passes <= 2 {
            passNanoseconds = cost
        } else if attribution.isPeriodic {
            periodicNanoseconds = cost
        } else {
            passNanoseconds = passNanoseconds / 4 * 3 + cost / 4
        }
    }

    /// Goes on with the pass under way.
    ///
    /// - Returns: whether it is finished.
    mutating func proceed() -> Bool { attribution.proceed() }

    /// Keeps in the ledger what has to survive, if there is one.
    fileprivate mutating func keep(in ledger: inout Ledger?) {
        guard let room = ledger?.annexRoom, var bytes = record.take() else { return }
        encode(into: &bytes, room: room)
        // So many counters leave no room: then a restart begins anew.
        if bytes.count <= room { ledger?.writeAnnex(&bytes) }
        record = consume bytes
    }

    /// Waits with the next pass while counters fail: energy that is counted later would be shared by too short a time.
    ///
    /// - Returns: whether to wait.
    fileprivate mutating func hold(_ isFailing: Bool, at now: UInt64) -> Bool {
        guard isFailing else {
            heldSinceNanoseconds = nil
            return false
        }
        let since = heldSinceNanoseconds ?? now
        heldSinceNanoseconds = since
        return now - min(now, since) < Sharing.longestHoldNanoseconds
    }

    /// Begins a pass with what the accounts counted since the pass before.
    fileprivate mutating func begin(at now: UInt64, unixMicroseconds: UInt64, generation: UInt64, isForPage: Bool) {
        self.generation = generation
        attribution.begin(energy, at: now, unixMicroseconds: unixMicroseconds, isShort: isForPage)
        for kind in energy.indices { energy[kind] = 0 }
    }

    /// Takes in an account. One that was not there at the pass before counts from what it had when it began.
    fileprivate mutating func take(_ account: borrowing DomainAccount, at index: Int) {
        while totals.count <= index {
            totals.append(nil)
            identities.append(0)
        }
        guard let kind = kinds.firstIndex(of: account.domain.kind) else { return }
        let total = account.totalMicrojoules
        let before = totals[index] ?? first(account, at: index)
        energy[kind] += total - min(total, before)
        totals[index] = max(total, before)
    }

    /// What an account had when nothing of it was shared out: what the ledger says, nothing if it began in this run, or else what it has now.
    private mutating func first(_ account: borrowing DomainAccount, at index: Int) -> UInt64 {
        identities[index] = LedgerIdentity(account.facts).number
        if let known = former.removeValue(forKey: identities[index]) { return known }
        return account.startUnixMicroseconds == nil ? 0 : account.totalMicrojoules
    }
}

/// Passes over the cgroups.
extension Sampling {
    /// Shares out from now on what is counted, and goes on from what an earlier run left in the ledger, if there is one. To be called before
    /// the first pass, and after the ledger is known.
    public mutating func share(with sharing: consuming Sharing) {
        precondition(generation == 0)
        var sharing = sharing
        if isKept {
            sharing.record = sharing.makeBuffer()
            ledger?.readAnnex { _ = sharing.restore($0) }
        }
        self.sharing = consume sharing
    }

    /// Goes on with the pass under way; one that is finished is kept in the ledger.
    ///
    /// - Returns: whether it is finished.
    public mutating func proceedSharing() -> Bool {
        guard sharing?.proceed() ?? true else { return false }
        sharing?.keep(in: &ledger)
        return true
    }

    /// A pass over the cgroups is under way.
    public var isSharing: Bool {
        switch sharing {
        case .some(let sharing): sharing.attribution.isUnderWay
        case .none: false
        }
    }

    /// Begins a pass over the cgroups if it is time for one.
    ///
    /// - Returns: whether one began: `sharing.proceed` has to be called until it is finished.
    public mutating func beginSharingIfDue(
        at now: UInt64, every tickNanoseconds: UInt64, unixMicroseconds: UInt64
    ) -> Bool {
        switch sharing {
        case .some(let sharing): guard sharing.isDue(at: now, tickNanoseconds: tickNanoseconds) else { return false }
        case .none: return false
        }
        return beginSharing(at: now, unixMicroseconds: unixMicroseconds, isForPage: false)
    }

    /// Begins one for a page, if it is cheap and there is anything new to be shared out.
    ///
    /// - Returns: whether one began.
    public mutating func beginSharingForPage(at now: UInt64, unixMicroseconds: UInt64) -> Bool {
        switch sharing {
        case .some(let sharing):
            guard sharing.generation != generation, sharing.isAffordable(at: now) else { return false }
        case .none: return false
        }
        return beginSharing(at: now, unixMicroseconds: unixMicroseconds, isForPage: true)
    }

    private mutating func beginSharing(at now: UInt64, unixMicroseconds: UInt64, isForPage: Bool) -> Bool {
        let isFailing = isShareFailing
        guard let isHeld = sharing?.hold(isFailing, at: now), !isHeld else { return false }
        for index in accounts.indices where isShown(index) && accounts[index].hasBeenRead {
            sharing?.take(accounts[index], at: index)
        }
        sharing?.begin(at: now, unixMicroseconds: unixMicroseconds, generation: generation, isForPage: isForPage)
        return true
    }

    /// Some counter of a kind that is shared out cannot be read now.
    private var isShareFailing: Bool {
        switch sharing {
        case .some(let sharing):
            for index in accounts.indices where accounts[index].failure != nil && accounts[index].hasBeenRead {
                if sharing.kinds.contains(accounts[index].domain.kind), isShown(index) { return true }
            }
            return false
        case .none: return false
        }
    }
}
