import Glibc
import Testing

@testable import Kernel

/// A software event, which every kernel has: nanoseconds of one processor's clock (PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK).
private let clock = PerfEvent(type: 1, config: 0, processor: 0)
/// Another one: PERF_COUNT_SW_CONTEXT_SWITCHES.
private let switches = PerfEvent(type: 1, config: 3, processor: 0)

private func isPermitted() -> Bool {
    do {
        _ = try clock.open()
        return true
    } catch {
        return false
    }
}

@Suite struct PerfEventTests {
    @Test(.enabled(if: isPermitted(), "perf_event_open is refused here"))
    func `a group is read whole and goes on counting`() throws {
        let leader = try clock.open()
        let member = try switches.open(inGroupOf: leader)
        let first = try counts(of: leader, size: 2)
        #expect(first.count == 2)
        let begin = Clock.monotonicNanoseconds()
        while Clock.monotonicNanoseconds() - begin < 2_000_000 {}
        let second = try counts(of: leader, size: 2)
        #expect(second[0] - first[0] >= 1_000_000)
        #expect(second[1] >= first[1])
        #expect(second.runningNanoseconds > first.runningNanoseconds)
        withExtendedLifetime(member.number) {}
    }

    @Test(.enabled(if: isPermitted(), "perf_event_open is refused here"))
    func `a group that lost a member says so`() throws {
        let leader = try clock.open()
        do { _ = try switches.open(inGroupOf: leader) }
        let left = try counts(of: leader, size: 2)
        #expect(left.count == 1)
    }

    @Test(.enabled(if: isPermitted(), "perf_event_open is refused here"))
    func `an event that no unit has is an error of the call`() throws {
        let error = #expect(throws: SystemError.self) {
            _ = try PerfEvent(type: 1, config: 9_999, processor: 0).open()
        }
        #expect(error?.code == .notFound)
    }

    private func counts(of leader: borrowing FileDescriptor, size: Int) throws -> PerfGroupCounts {
        let outcome = PerfGroupCounts.read(leader, size: size)
        guard case .counts(let counts) = outcome else { throw Unexpected(outcome: "\(outcome)") }
        return counts
    }

    private struct Unexpected: Error {
        let outcome: String
    }
}

@Suite struct DescriptorRowTests {
    @Test func `a row closes what it holds, once, when it goes`() throws {
        var number: Int32 = -1
        do {
            var row = DescriptorRow(capacity: 3)
            row.append(try FileDescriptor.open(reading: "/proc/version"))
            row.append(try FileDescriptor.open(reading: "/proc/version"))
            let count = row.count
            #expect(count == 2)
            number = row[1].number
            #expect(fcntl(number, F_GETFD) >= 0)
        }
        #expect(fcntl(number, F_GETFD) == -1)
    }

    @Test func `one that is replaced is closed, and the others stay`() throws {
        var row = DescriptorRow(capacity: 2)
        row.append(try FileDescriptor.open(reading: "/proc/version"))
        row.append(try FileDescriptor.open(reading: "/proc/version"))
        let before = [row[0].number, row[1].number]
        row.replace(0, with: try FileDescriptor.open(reading: "/proc/uptime"))
        let after = [row[0].number, row[1].number, Int32(row.count)]
        #expect(after[0] != before[0])
        #expect(Array(after[1...]) == [before[1], 2])
        #expect(fcntl(before[0], F_GETFD) == -1)
        #expect(fcntl(after[0], F_GETFD) >= 0)
    }

    @Test func `a row without room is no harm`() {
        let row = DescriptorRow(capacity: 0)
        let count = row.count
        #expect(count == 0)
    }
}
