public import Accounts
import Bytes
import Counters
public import Kernel

/// Keeps the accounts in memory that outlives this process, so that a restart, an upgrade or SIGKILL continues the same totals.
///
/// Two copies are written in turn, each with a checksum and a growing number: whoever is killed in the middle of a write leaves
/// the other one whole. What the hardware counted meanwhile is added by the accountant, like any interval between two readings.
///
/// Records of counters that are not measured now are kept and written on. There is room for `LedgerImage.capacity` records.
public struct Ledger: ~Copyable {
    /// The memory that a ledger needs: two copies.
    public static let memoryBytes = LedgerImage.longestBytes * 2
    /// The memory of a ledger of the first layout, whose two copies may stand at the beginning of a ledger's memory.
    public static let firstLayoutMemoryBytes = FirstLayout.imageBytes * 2

    /// A counter that is measured.
    struct Entry {
        let identity: LedgerIdentity
        let startUnixMicroseconds: UInt64
    }

    private var memory: SharedMemory
    private var sequence: UInt64 = 0
    private var scratch = ByteBuffer(capacity: LedgerImage.longestBytes)
    private(set) var entries: [Entry] = []
    /// What earlier runs counted of counters that are not measured now.
    private(set) var kept: [LedgerRecord] = []
    /// How many kept records had no room any more.
    public private(set) var droppedRecords = 0
    private let nowUnixMicroseconds: UInt64
    private let boot: BootIdentity

    /// - Parameter nowUnixMicroseconds: the wall clock, for totals that begin now.
    public init(_ memory: consuming SharedMemory, boot: BootIdentity, nowUnixMicroseconds: UInt64) {
        precondition(memory.length == Ledger.memoryBytes)
        self.memory = memory
        self.boot = boot
        self.nowUnixMicroseconds = nowUnixMicroseconds
    }

    /// What became of the domains of an earlier run.
    public enum Restoration: Equatable, Sendable {
        /// There was none.
        case new
        /// So many domains go on.
        case restored(domains: Int)
        /// What is there cannot be used, and counting starts anew.
        case refused(String)
    }

    /// The names that devices had in an earlier run, those that were read last first. To be called before `restore`.
    mutating func names() -> [(identity: String, tag: String)] {
        guard case .restored = read() else { return [] }
        return kept.sorted { $0.lastNanoseconds > $1.lastNanoseconds }.compactMap { $0.identity.name }
    }

    /// Reads what an earlier run left and lets the accounts that match go on from it: same device, same range, same start of the
    /// machine. To be called once, before the first pass.
    public mutating func restore(_ accounts: inout [DomainAccount]) -> Restoration {
        let found = read()
        var restored = 0
        for index in accounts.indices where enter(&accounts[index]) { restored += 1 }
        dropWhatDoesNotFit()
        switch found {
        case .refused, .new: return found
        case .restored:
            return restored > 0
                ? .restored(domains: restored)
                : .refused("none of its domains is measured now, and their totals are kept")
        }
    }

    /// Takes in one more account, and lets it go on from what an earlier run left, if that has it.
    ///
    /// - Returns: how many kept records had to make room.
    public mutating func adopt(_ account: inout DomainAccount) -> Int {
        let before = droppedRecords
        _ = enter(&account)
        dropWhatDoesNotFit()
        return droppedRecords - before
    }

    /// - Returns: whether an earlier run left something to go on from.
    private mutating func enter(_ account: inout DomainAccount) -> Bool {
        let facts = account.facts
        let identity = LedgerIdentity(facts)
        let found = kept.firstIndex { $0.identity == identity || $0.identity.isFirstLayout(of: facts) }
        guard let record = found.map({ kept.remove(at: $0) }) else {
            entries.append(Entry(identity: identity, startUnixMicroseconds: nowUnixMicroseconds))
            return false
        }
        entries.append(Entry(identity: identity, startUnixMicroseconds: record.startUnixMicroseconds))
        account.restore(record.accountant, startUnixMicroseconds: record.startUnixMicroseconds)
        return true
    }

    /// Writes the accounts, which must be those that were restored and adopted, over the older of the two copies.
    public mutating func write(_ accounts: borrowing [DomainAccount]) {
        precondition(accounts.count == entries.count)
        sequence += 1
        scratch.removeAll()
        let count = min(accounts.count, LedgerImage.capacity)
        var encoder = LedgerEncoder(
            boot: boot, sequence: sequence, recordCount: count + kept.count, into: &scratch)
        for index in 0..<count {
            encoder.append(
                entries[index].identity, accounts[index].accountant,
                startUnixMicroseconds: entries[index].startUnixMicroseconds, lastSeenSequence: sequence,
                into: &scratch)
        }
        for index in kept.indices { encoder.append(kept[index], into: &scratch) }
        encoder.finish(into: &scratch)
        precondition(!scratch.overflowed)
        let offset = sequence % 2 == 0 ? 0 : LedgerImage.longestBytes
        scratch.withBytes { memory.write($0, at: offset) }
    }

    /// Counters that are measured go before records that are only kept, of which those go first that were not measured for longest.
    private mutating func dropWhatDoesNotFit() {
        let room = max(0, LedgerImage.capacity - entries.count)
        let surplus = max(0, kept.count - room)
        guard surplus > 0 else { return }
        kept.sort { $0.lastSeenSequence > $1.lastSeenSequence }
        kept.removeLast(surplus)
        droppedRecords += surplus
    }

    /// Reads the newer one of the copies that are whole into `kept`.
    private mutating func read() -> Restoration {
        let image: LedgerImage
        do throws(LedgerImage.Refusal) {
            image = try newest()
        } catch {
            switch error {
            case .empty: return .new
            case .unknownLayout: return .refused("it has an unknown layout")
            case .torn: return .refused("both of its copies are damaged")
            }
        }
        guard image.boot == boot else { return .refused("it is from before the machine was started") }
        kept = image.records
        return .restored(domains: 0)
    }

    private mutating func newest() throws(LedgerImage.Refusal) -> LedgerImage {
        let second = decode(at: LedgerImage.longestBytes, LedgerImage.longestBytes)
        if case .failure = second, hasFirstLayout {
            let image = try newer(
                decode(at: 0, FirstLayout.imageBytes), decode(at: FirstLayout.imageBytes, FirstLayout.imageBytes))
            // The next write goes to the second copy, so that what is here stays until that is whole.
            sequence += sequence % 2
            return image
        }
        return try newer(decode(at: 0, LedgerImage.longestBytes), second)
    }

    /// The first copy is of the first layout, or was never written while the second one of that layout was.
    private var hasFirstLayout: Bool {
        let first = memory.withBytes(0..<FirstLayout.imageBytes) { FirstLayout.begins($0) }
        let second = memory.withBytes(FirstLayout.imageBytes..<Ledger.firstLayoutMemoryBytes) { FirstLayout.begins($0) }
        return first ?? second ?? false
    }

    /// The newer one of two copies, if one is whole.
    private mutating func newer(
        _ first: Result<LedgerImage, LedgerImage.Refusal>, _ second: Result<LedgerImage, LedgerImage.Refusal>
    ) throws(LedgerImage.Refusal) -> LedgerImage {
        let image: LedgerImage
        switch (first, second) {
        case (.success(let one), .success(let other)): image = one.sequence > other.sequence ? one : other
        case (.success(let one), .failure), (.failure, .success(let one)): image = one
        case (.failure(let one), .failure(let other)): throw one == .empty ? other : one
        }
        sequence = image.sequence
        return image
    }

    private func decode(at offset: Int, _ count: Int) -> Result<LedgerImage, LedgerImage.Refusal> {
        memory.withBytes(offset..<(offset + count)) { bytes in
            do throws(LedgerImage.Refusal) {
                return .success(try LedgerImage.decode(bytes))
            } catch {
                return .failure(error)
            }
        }
    }
}
