import Bytes
import Counters
public import Kernel

/// The calls that open events, so that something else than the kernel can answer.
public struct PerfCalls {
    /// Opens the leader of a group.
    public var open: (PerfEvent) throws(SystemError) -> FileDescriptor
    /// Opens a further member of the group with this leader.
    public var join: (PerfEvent, borrowing FileDescriptor) throws(SystemError) -> FileDescriptor

    /// Calls that are answered by closures.
    public init(
        open: @escaping (PerfEvent) throws(SystemError) -> FileDescriptor,
        join: @escaping (PerfEvent, borrowing FileDescriptor) throws(SystemError) -> FileDescriptor
    ) {
        self.open = open
        self.join = join
    }

    /// The kernel's own.
    public static var kernel: PerfCalls {
        PerfCalls(
            open: { (event) throws(SystemError) in try event.open() },
            join: { (event, leader) throws(SystemError) in try event.open(inGroupOf: leader) })
    }
}

/// The energy counters of performance events, one group for each package or die, kept open.
///
/// An event counts from 0 since it was opened, in units of 2^-32 J: what is added is exact on AMD too, where powercap rounds its
/// unit down by 52 millionths.
struct PerfSource: ~Copyable {
    /// The most counters that are read: four for each of 32 dies.
    static let capacity = 128

    /// Where the counts start again from 0, in microjoules: 64 bits of 2^-32 J are 2^32 J, which is no fraction of a microjoule.
    /// A machine of 1 kW gets there in 49 days.
    static let modulus: UInt64 = 4_294_967_296_000_000

    /// The unit of most registers behind the events, 2^-14 J, rounded up. The kernel does not say which it is, so it is taken until it is
    /// learned from what they show: the platform's of Sapphire Rapids is 1 J.
    static let unitMicrojoules: UInt64 = 62

    /// The longest time between two passes.
    ///
    /// The kernel extends what the register moved since its last look as a signed number of 32 bits, so 2^31 units or more
    /// between two looks count as energy given back. With the finest common unit, 2^-16 J (AMD, and memory of Intel's servers),
    /// 2^31 units are 32,768 J. By itself the kernel looks only as often as 200 W need, every 163 s with this unit, while 500 W
    /// take 66 s to get there. Each read is a look: with one every 20 s, a counter may rise by 32,768 J / 20 s = 1,638 W.
    static let longestIntervalNanoseconds: UInt64 = 20_000_000_000

    private struct Group {
        /// The counters that are opened and read together; the first leads.
        let members: [Int]
        /// How long the group had counted at the latest pass.
        var runningNanoseconds: UInt64?
    }

    private var descriptors = DescriptorRow(capacity: PerfSource.capacity)
    private var groups: [Group] = []
    private var readings: [Reading] = []
    private var units: [LearnedUnit] = []
    /// The unit of some counter became known since somebody asked.
    private var hasLearned = false

    /// There is no counter.
    var isEmpty: Bool { descriptors.count == 0 }

    /// Opens events as one group, each in the place of a counter that was gone or as one more: all of them or none. `procfs` is asked
    /// what would be needed if that is forbidden.
    mutating func open(
        _ zones: [PerfZone], at places: [Int], procfs: String = "/proc", calls: PerfCalls = .kernel
    ) throws(PerfError) {
        var opened = DescriptorRow(capacity: zones.count)
        for zone in zones {
            do throws(SystemError) {
                opened.append(opened.count == 0 ? try calls.open(zone.event) : try calls.join(zone.event, opened[0]))
            } catch {
                throw PerfSource.explain(error, zone, procfs)
            }
        }
        groups.removeAll { group in
            guard group.members.contains(where: places.contains) else { return false }
            for member in group.members { readings[member] = .failure(.unregistered) }
            return true
        }
        for place in places {
            descriptors.put(opened.removeFirst(), at: place)
            if place == readings.count {
                readings.append(.failure(.empty))
                units.append(LearnedUnit())
            } else {
                readings[place] = .failure(.empty)
            }
        }
        groups.append(Group(members: places))
    }

    /// Reads all groups, each by one system call: what `read` gives until the next pass.
    mutating func beginPass() {
        for index in groups.indices { readGroup(index) }
    }

    /// The reading of one counter at the latest pass.
    func read(_ index: Int) -> Reading {
        readings[index]
    }

    /// Whether the unit of some counter became known, or another one, since this was asked last.
    mutating func takeLearned() -> Bool {
        defer { hasLearned = false }
        return hasLearned
    }

    /// The unit of the register behind a counter; nil as long as it is not known.
    func unitMicrojoules(_ index: Int) -> UInt64? { units[index].microjoules }

    private static func explain(_ error: SystemError, _ zone: PerfZone, _ procfs: String) -> PerfError {
        switch error.code {
        case .permissionDenied, .operationNotPermitted: .forbidden(PerfPermission(procfs: procfs))
        default: .failed(zone: zone.name, error)
        }
    }

    private mutating func readGroup(_ index: Int) {
        let members = groups[index].members
        switch PerfGroupCounts.read(descriptors[members[0]], size: members.count) {
        case .counts(let counts):
            // The kernel says nothing when the last processor of a package is switched off: it takes the group apart, and what is
            // left of it stands still for ever.
            let isAlive =
                counts.count == members.count && counts.runningNanoseconds != groups[index].runningNanoseconds
            groups[index].runningNanoseconds = counts.runningNanoseconds
            guard isAlive else { return fail(members, .unregistered) }
            for offset in members.indices {
                readings[members[offset]] = .counter(PerfSource.microjoules(counts[offset]))
                if units[members[offset]].take(counts[offset]) != nil { hasLearned = true }
            }
        case .ended: fail(members, .unregistered)
        case .malformed: fail(members, .garbage)
        case .failed(let code): fail(members, ReadFailure(code))
        }
    }

    private mutating func fail(_ members: [Int], _ failure: ReadFailure) {
        for member in members { readings[member] = .failure(failure) }
    }

    /// A count of 2^-32 J in microjoules, rounded down: however many readings are added up, less than one is missing.
    static func microjoules(_ count: UInt64) -> UInt64 {
        let product = count.multipliedFullWidth(by: 1_000_000)
        return product.high << 32 | product.low >> 32
    }
}
