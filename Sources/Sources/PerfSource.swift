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

    /// The coarsest unit that the registers behind the events have, 2^-14 J, rounded up: the kernel does not say which it is.
    static let unitMicrojoules: UInt64 = 62

    /// The longest time between two passes.
    ///
    /// The kernel extends what the register moved since its last look as a signed number of 32 bits, so 2^31 units or more
    /// between two looks count as energy given back. With the finest common unit, 2^-16 J (AMD, and memory of Intel's servers),
    /// 2^31 units are 32,768 J. By itself the kernel looks only as often as 200 W need, every 163 s with this unit, while 500 W
    /// take 66 s to get there. Each read is a look: with one every 20 s, a counter may rise by 32,768 J / 20 s = 1,638 W.
    static let longestIntervalNanoseconds: UInt64 = 20_000_000_000

    private struct Group {
        /// The leader's index; its members follow.
        let first: Int
        let count: Int
        /// How long the group had counted at the latest pass.
        var runningNanoseconds: UInt64?
    }

    private let descriptors: DescriptorRow
    private var groups: [Group]
    private var readings: [Reading]

    /// Opens the events of the groups, in their order. `procfs` is asked what would be needed if that is forbidden.
    init(
        opening found: [PerfGroup], procfs: String = "/proc", calls: PerfCalls = .kernel
    ) throws(PerfError) {
        let count = found.reduce(0) { $0 + $1.zones.count }
        precondition(count <= PerfSource.capacity)
        var row = DescriptorRow(capacity: count)
        var groups: [Group] = []
        for group in found {
            let first = row.count
            for zone in group.zones {
                do throws(SystemError) {
                    let isLeader = row.count == first
                    let opened = try isLeader ? calls.open(zone.event) : calls.join(zone.event, row[first])
                    row.append(opened)
                } catch {
                    throw PerfSource.explain(error, zone, procfs)
                }
            }
            groups.append(Group(first: first, count: group.zones.count))
        }
        descriptors = row
        self.groups = groups
        readings = Array(repeating: .failure(.empty), count: count)
    }

    /// Reads all groups, each by one system call: what `read` gives until the next pass.
    mutating func beginPass() {
        for index in groups.indices { readGroup(index) }
    }

    /// The reading of one counter at the latest pass.
    func read(_ index: Int) -> Reading {
        readings[index]
    }

    private static func explain(_ error: SystemError, _ zone: PerfZone, _ procfs: String) -> PerfError {
        switch error.code {
        case .permissionDenied, .operationNotPermitted: .forbidden(PerfPermission(procfs: procfs))
        default: .failed(zone: zone.name, error)
        }
    }

    private mutating func readGroup(_ index: Int) {
        let group = groups[index]
        switch PerfGroupCounts.read(descriptors[group.first], size: group.count) {
        case .counts(let counts):
            // The kernel says nothing when the last processor of a package is switched off: it takes the group apart, and what is
            // left of it stands still for ever.
            let isAlive = counts.count == group.count && counts.runningNanoseconds != group.runningNanoseconds
            groups[index].runningNanoseconds = counts.runningNanoseconds
            guard isAlive else { return fail(group, .unregistered) }
            for offset in 0..<group.count {
                readings[group.first + offset] = .counter(PerfSource.microjoules(counts[offset]))
            }
        case .ended: fail(group, .unregistered)
        case .malformed: fail(group, .garbage)
        case .failed(let code): fail(group, ReadFailure(code))
        }
    }

    private mutating func fail(_ group: Group, _ failure: ReadFailure) {
        for index in group.first..<(group.first + group.count) { readings[index] = .failure(failure) }
    }

    /// A count of 2^-32 J in microjoules, rounded down: however many readings are added up, less than one is missing.
    static func microjoules(_ count: UInt64) -> UInt64 {
        let product = count.multipliedFullWidth(by: 1_000_000)
        return product.high << 32 | product.low >> 32
    }
}
