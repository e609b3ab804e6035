public import Bytes

/// What an earlier run left of one account.
struct AccountRecord: Equatable {
    /// A hash of the path; the path itself is not kept.
    var path: UInt64
    var identifier: UInt64
    /// The latest reading of its time; nil before the first.
    var lastMicroseconds: UInt64?
    var startUnixMicroseconds: UInt64
    /// Of a node: see there.
    var highestIdentifier: UInt64
    var heldMicroseconds: UInt64
    /// By kind.
    var microjoules: [UInt64]

    /// Its words, but for those of the kinds.
    static let factWords = 6

    /// The hash by which a path is found again: FNV-1a over its bytes.
    static func hash(_ path: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }
}

/// What an earlier run left.
struct AttributionRecords {
    var totals: [UInt64]
    var idle: [UInt64]
    var idlePowers: [InlineArray<2, UInt64>]
    /// When its latest pass began, on the monotonic clock.
    var passNanoseconds: UInt64
    var accounts: [AccountRecord]
    /// See `BusyTime.words`.
    var busy: InlineArray<5, UInt64> = [0, 0, 0, 0, 0]

    /// The words before those of the kinds: how many kinds, the pass, how many accounts, and the latest reading of the processors' time.
    static let headWords = 8
    /// What there is of each kind: total, idle, and the two words of its idle power.
    static let kindWords = 4
}

/// What has to survive this process so that the accounts go on, as words of eight bytes with the least significant first: how many kinds,
/// when the latest pass began, how many accounts, and five of the processors' time; of each kind the total, what was idle, and the idle power; of each account the hash of its
/// path, the cgroup's number, the latest reading (plus 1; 0 for none), when it began, the greatest number in it, the time in it that was
/// given to nobody yet, and what it has of each kind. What was retired is what the total has beyond all these.
extension Attribution {
    /// The bytes of so many accounts.
    static func recordBytes(_ accounts: Int, kinds: Int) -> Int {
        let head = AttributionRecords.headWords + kinds * AttributionRecords.kindWords
        return (head + accounts * (AccountRecord.factWords + kinds)) * 8
    }

    /// The most bytes that `encode` writes, where there is room for all.
    public var longestRecordBytes: Int { Attribution.recordBytes(slots.capacity, kinds: settings.kindCount) }

    /// Writes what has to survive. Nothing is allocated. Accounts for which there is no room are left out: after a restart, their energy is
    /// in what was retired.
    ///
    /// - Parameter room: the most bytes for it, enough for what is there without accounts.
    public func encode(into bytes: inout ByteBuffer, room: Int) {
        let left = room - Attribution.recordBytes(0, kinds: settings.kindCount)
        let most = max(0, left / ((AccountRecord.factWords + settings.kindCount) * 8))
        var count = 0
        for index in slots.indices where slots.accounts[index].state != .free { count += 1 }
        bytes.append(littleEndian: UInt64(settings.kindCount))
        bytes.append(littleEndian: passNanoseconds ?? 0)
        bytes.append(littleEndian: UInt64(min(count, most)))
        let busy = processors.words
        for index in busy.indices { bytes.append(littleEndian: busy[index]) }
        for kind in 0..<settings.kindCount {
            bytes.append(littleEndian: books.totals[kind])
            bytes.append(littleEndian: books.idle[kind])
            let power = books.idlePowers[kind].words
            bytes.append(littleEndian: power[0])
            bytes.append(littleEndian: power[1])
        }
        var appended = 0
        for index in slots.indices where slots.accounts[index].state != .free && appended < most {
            append(index, to: &bytes)
            appended += 1
        }
    }

    private func append(_ index: Int, to bytes: inout ByteBuffer) {
        bytes.append(littleEndian: AccountRecord.hash(slots.accounts[index].path))
        bytes.append(littleEndian: slots.accounts[index].identifier)
        bytes.append(littleEndian: slots.accounts[index].lastMicroseconds.map { $0 + 1 } ?? 0)
        bytes.append(littleEndian: slots.accounts[index].startUnixMicroseconds)
        bytes.append(littleEndian: slots.accounts[index].node?.highestIdentifier ?? 0)
        bytes.append(littleEndian: slots.accounts[index].node?.heldMicroseconds ?? 0)
        for kind in 0..<settings.kindCount { bytes.append(littleEndian: slots.energy(index, kind)) }
    }

    /// Goes on from what an earlier run left: what has the same path goes on with its energy, and if it is the same cgroup, with its reading
    /// too. To be called before the first pass.
    ///
    /// - Parameters:
    ///   - bytes: anything.
    ///   - kinds: for each kind of now the position that it had then; nil if it had none.
    /// - Returns: false if nothing can be made of the bytes, and then it begins anew.
    public mutating func restore(_ bytes: Span<UInt8>, kinds: [Int?]) -> Bool {
        precondition(passNanoseconds == nil && kinds.count == settings.kindCount)
        guard let records = AttributionRecords(bytes)?.mapped(kinds), records.isSound else { return false }
        passNanoseconds = records.passNanoseconds
        processors.restore(records.busy)
        restoreRoot(records.accounts)
        books.restore(records, settings)
        tree.restore(records.accounts)
        return true
    }

    /// The root is there from the start, and is not found.
    private mutating func restoreRoot(_ accounts: [AccountRecord]) {
        guard let record = accounts.first(where: { $0.path == AccountRecord.hash([]) }) else { return }
        slots.accounts[Slots.root].startUnixMicroseconds = record.startUnixMicroseconds
        slots.accounts[Slots.root].node?.highestIdentifier = record.highestIdentifier
        slots.restore(Slots.root, record.microjoules)
    }
}

extension AttributionRecords {
    /// Reads the words; nil if they cannot be those of a run.
    init?(_ bytes: Span<UInt8>) {
        var reader = WordsReader(bytes)
        guard let kinds = reader.next(bytes), kinds >= 1, kinds <= UInt64(AttributionSettings.mostKinds),
            let pass = reader.next(bytes), let count = reader.next(bytes), count <= UInt64(bytes.count)
        else { return nil }
        self.init(totals: [], idle: [], idlePowers: [], passNanoseconds: pass, accounts: [])
        for index in busy.indices {
            guard let word = reader.next(bytes) else { return nil }
            busy[index] = word
        }
        for _ in 0..<kinds {
            guard let total = reader.next(bytes), let idle = reader.next(bytes), let power = reader.next(bytes),
                let seen = reader.next(bytes)
            else { return nil }
            totals.append(total)
            self.idle.append(idle)
            idlePowers.append([power, seen])
        }
        for _ in 0..<count {
            guard let account = AccountRecord(&reader, bytes, kinds: Int(kinds)) else { return nil }
            accounts.append(account)
        }
    }

    /// The same with other kinds, in the order of now; a kind that was not there begins with nothing.
    func mapped(_ kinds: [Int?]) -> AttributionRecords? {
        guard kinds.allSatisfy({ $0 ?? 0 < totals.count }) else { return nil }
        var mapped = self
        mapped.totals = kinds.map { $0.map { totals[$0] } ?? 0 }
        mapped.idle = kinds.map { $0.map { idle[$0] } ?? 0 }
        mapped.idlePowers = kinds.map { $0.map { idlePowers[$0] } ?? [0, 0] }
        for index in accounts.indices {
            mapped.accounts[index].microjoules = kinds.map { $0.map { accounts[index].microjoules[$0] } ?? 0 }
        }
        return mapped
    }

    /// No sum leaves too little room for more, and no part is more than its whole.
    var isSound: Bool {
        for kind in totals.indices {
            guard totals[kind] <= .max / 4 else { return false }
            var rest = totals[kind]
            for part in [idle[kind]] + accounts.map({ $0.microjoules[kind] }) {
                guard part <= rest else { return false }
                rest -= part
            }
        }
        return true
    }
}

extension AccountRecord {
    fileprivate init?(_ reader: inout WordsReader, _ bytes: Span<UInt8>, kinds: Int) {
        guard let path = reader.next(bytes), let identifier = reader.next(bytes), let last = reader.next(bytes),
            last <= .max / 4, let start = reader.next(bytes), let highest = reader.next(bytes),
            let held = reader.next(bytes), held <= .max / 4
        else { return nil }
        self.init(
            path: path, identifier: identifier, lastMicroseconds: last == 0 ? nil : last - 1,
            startUnixMicroseconds: start, highestIdentifier: highest, heldMicroseconds: held,
            microjoules: [])
        for _ in 0..<kinds {
            guard let energy = reader.next(bytes) else { return nil }
            microjoules.append(energy)
        }
    }
}

/// Reads words of eight bytes one after the other, the least significant first.
private struct WordsReader {
    private var position = 0
    private let count: Int

    init(_ bytes: Span<UInt8>) { count = bytes.count }

    mutating func next(_ bytes: Span<UInt8>) -> UInt64? {
        guard count - position >= 8 else { return nil }
        var word: UInt64 = 0
        for offset in 0..<8 { word |= UInt64(bytes[position + offset]) << UInt64(offset * 8) }
        position += 8
        return word
    }
}
