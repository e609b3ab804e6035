import Glibc
import TestSupport
import Testing

@testable import Kernel
@testable import Sources

/// Answers in the kernel's place: notes what is opened, and plays the recorded group reads of a leader from a file.
final class FakeKernel {
    struct Opened: Equatable {
        let event: PerfEvent
        /// The processor whose leader it joined.
        let leader: Int?
    }

    private(set) var opened: [Opened] = []
    /// Events that cannot be opened, by their number.
    var refused: Set<UInt64> = []
    /// Of all descriptors that were given out.
    private(set) var numbers: [Int32] = []
    private var leaders: [Int32: Int] = [:]
    private let directory: String

    init(in directory: String) {
        self.directory = directory
    }

    /// Sets what reads of the leader on a processor give, one group after the other.
    func record(_ words: [UInt64], processor: Int) {
        let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        do {
            try writeFile("\(directory)/leader\(processor)", bytes)
        } catch {
            Issue.record(error)
        }
    }

    func open(_ event: PerfEvent) throws(SystemError) -> FileDescriptor {
        try check(event)
        let path = "\(directory)/leader\(event.processor)"
        if access(path, F_OK) != 0 { record([], processor: event.processor) }
        let descriptor = try FileDescriptor.open(reading: path)
        opened.append(Opened(event: event, leader: nil))
        leaders[descriptor.number] = event.processor
        numbers.append(descriptor.number)
        return descriptor
    }

    func join(_ event: PerfEvent, _ leader: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor {
        try check(event)
        let descriptor = try FileDescriptor.open(reading: "/proc/version")
        opened.append(Opened(event: event, leader: leaders[leader.number]))
        numbers.append(descriptor.number)
        return descriptor
    }

    private func check(_ event: PerfEvent) throws(SystemError) {
        guard refused.contains(event.config) else { return }
        throw SystemError(call: "perf_event_open", code: .invalidArgument)
    }

    var calls: PerfCalls {
        PerfCalls(
            open: { (event) throws(SystemError) in try self.open(event) },
            join: { (event, leader) throws(SystemError) in try self.join(event, leader) })
    }

    /// A source of all that is found in a tree of Intel's.
    func source(_ tree: PerfTree) throws -> PerfSource {
        try PerfSource(opening: PerfDiscovery(sysfs: tree.root, vendor: .intel).groups, calls: calls)
    }
}
