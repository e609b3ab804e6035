import CLinux
import Glibc

/// An event of a performance monitoring unit, to be counted on one processor for all tasks. See perf_event_open(2).
///
/// Events that are opened as a group are counted together and read together, by one read of the first of them. An open event
/// counts until its descriptor is closed; a poll always says that the other end hung up, so it never goes into epoll.
public struct PerfEvent: Equatable, Sendable {
    /// The number of the unit, as its `type` in sysfs tells it.
    public let type: UInt32
    /// Which of the unit's events it is, as sysfs tells it.
    public let config: UInt64
    /// The processor on which it is counted.
    public let processor: Int

    /// An event of a unit on one processor; nothing is opened.
    public init(type: UInt32, config: UInt64, processor: Int) {
        precondition(processor >= 0 && processor <= Int32.max)
        self.type = type
        self.config = config
        self.processor = processor
    }

    /// Starts counting, as the leader of a group of which it is the only member so far. See perf_event_open(2).
    public func open() throws(SystemError) -> FileDescriptor {
        try open(leader: -1)
    }

    /// Starts counting as a further member of a group; its place in what is read is after the members before it. See
    /// perf_event_open(2).
    public func open(inGroupOf leader: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor {
        try open(leader: leader.number)
    }

    private func open(leader: Int32) throws(SystemError) -> FileDescriptor {
        let outcome = attempt { Int(clinux_perf_event_open(type, config, Int32(processor), leader)) }
        return FileDescriptor(inherited: Int32(try outcome.orThrow("perf_event_open")))
    }
}

/// What a group of events had counted when it was read.
public struct PerfGroupCounts: Sendable {
    /// The most events of one group.
    public static let capacity = 8

    /// How many events the group has now: fewer than were opened once the kernel has taken it apart.
    public let count: Int
    /// How long the group has counted. It stands still if the processor was switched off and none took over.
    public let runningNanoseconds: UInt64
    private let values: InlineArray<10, UInt64>

    fileprivate init(words: InlineArray<10, UInt64>) {
        count = Int(words[0])
        runningNanoseconds = words[1]
        values = words
    }

    /// The count of one event, in the order in which they were opened.
    public subscript(index: Int) -> UInt64 {
        precondition(index >= 0 && index < count)
        return values[index + 2]
    }
}

/// What a read of a group gave.
public enum PerfGroupOutcome: Sendable {
    case counts(PerfGroupCounts)
    /// The kernel has given the group up; it will never count again.
    case ended
    /// The bytes are not what the kernel promises.
    case malformed
    case failed(ErrorCode)
}

extension PerfGroupCounts {
    /// Reads a group of `size` events by its leader, all at the same moment. See perf_event_open(2), "Reading results".
    public static func read(_ leader: borrowing FileDescriptor, size: Int) -> PerfGroupOutcome {
        precondition(size > 0 && size <= capacity)
        let number = leader.number
        let wordBytes = MemoryLayout<UInt64>.size
        var words = InlineArray<10, UInt64>(repeating: 0)
        var space = words.mutableSpan
        let outcome = unsafe space.withUnsafeMutableBytes { buffer in
            attempt { unsafe Glibc.read(number, buffer.baseAddress, (size + 2) * wordBytes) }
        }
        switch outcome {
        case .failure(let code): return .failed(code)
        case .value(0): return .ended
        case .value(let length):
            guard length >= 2 * wordBytes, words[0] <= UInt64(size), length == (Int(words[0]) + 2) * wordBytes else {
                return .malformed
            }
            return .counts(PerfGroupCounts(words: words))
        }
    }
}
