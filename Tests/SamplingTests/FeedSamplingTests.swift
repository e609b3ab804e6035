import Counters
import Glibc
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// What others publish, in accounts: taken once, at the moment that they say.
@Suite struct FeedSamplingTests {
    @Test func `power is over the publisher's own time, and stays between publications`() throws {
        try withPublisher { publisher in
            var sampling = publisher.sampling
            for (second, millijoules) in [(100.0, 1_000), (101.1, 78_000), (102.1, 148_000)] {
                try publisher.publish(millijoules, at: second)
                sampling.tick(at: moment(second + 0.2))
                sampling.tick(at: moment(second + 0.3))
            }
            #expect(sampling.accounts[0].totalMicrojoules == 147_000_000)
            #expect(sampling.accounts[0].powerMicrowatts == 70_000_000)
            let portions = sampling.portions(0)
            for tenth in 1...7 { sampling.tick(at: moment(102.4 + Double(tenth) / 10)) }
            #expect(sampling.accounts[0].powerMicrowatts == 70_000_000)
            #expect(sampling.portions(0) == portions, "it is one portion, however often somebody looks")
        }
    }

    /// What comes between two ticks is not lost for the power, and a total never waits for a tick.
    @Test func `a publication that is seen by a scrape ends an interval as well`() throws {
        try withPublisher { publisher in
            var sampling = publisher.sampling
            try publisher.publish(1_000, at: 100)
            sampling.tick(at: moment(100))
            sampling.tick(at: moment(100.1))
            try publisher.publish(2_000, at: 101)
            sampling.tick(at: moment(101))
            try publisher.publish(52_000, at: 102)
            sampling.refresh(at: moment(102.1))
            #expect(sampling.accounts[0].totalMicrojoules == 51_000_000)
            #expect(sampling.accounts[0].powerMicrowatts == 50_000_000)
        }
    }

    @Test func `stale is a failure without power, and the total goes on with the next`() throws {
        try withPublisher { publisher in
            var sampling = publisher.sampling
            for second in 100...102 {
                try publisher.publish(second * 1_000, at: Double(second))
                sampling.tick(at: moment(Double(second)))
                sampling.tick(at: moment(Double(second) + 0.1))
            }
            for tick in 2...60 { sampling.tick(at: moment(102 + Double(tick) / 10)) }
            #expect(sampling.accounts[0].failure == .stale && sampling.accounts[0].powerMicrowatts == nil)
            #expect(sampling.accounts[0].failureCount(.stale) == 3, "one a look, from 3 s on")
            #expect(sampling.accounts[0].totalMicrojoules == 2_000_000)
            try publisher.publish(109_000, at: 109)
            sampling.tick(at: moment(109))
            #expect(sampling.accounts[0].totalMicrojoules == 9_000_000)
            #expect(sampling.accounts[0].accountant.gaps == 0 && sampling.accounts[0].failure == nil)
        }
    }

    @Test func `the bound is that of the latest publication`() throws {
        try withPublisher { publisher in
            var sampling = publisher.sampling
            try publisher.publish(0, at: 100)
            sampling.tick(at: moment(100))
            try publisher.publish(1_000, at: 101, bound: 300)
            sampling.tick(at: moment(101))
            #expect(sampling.accounts[0].accountant.boundMicrowatts == 300_000_000)
            let isInDoubt = sampling.isInDoubt
            #expect(!isInDoubt)
        }
    }

    @Test func `a device that goes and comes back goes on where it was`() throws {
        try withPublisher { publisher in
            var sampling = publisher.sampling
            try publisher.publish(1_000, at: 100)
            sampling.tick(at: moment(100))
            sampling.tick(at: moment(100.1))
            try publisher.remove()
            for second in 102...106 { sampling.tick(at: moment(Double(second))) }
            #expect(sampling.accounts[0].isLost)
            try publisher.publish(31_000, at: 108)
            for second in 108...112 { sampling.tick(at: moment(Double(second))) }
            #expect(sampling.accounts.count == 1 && !sampling.accounts[0].isLost)
            #expect(sampling.accounts[0].totalMicrojoules == 30_000_000)
            #expect(sampling.accounts[0].accountant.resets == 0)
        }
    }
}

private func moment(_ seconds: Double) -> Moment {
    let nanoseconds = UInt64(seconds * 1_000_000_000)
    return Moment(monotonicNanoseconds: nanoseconds, boottimeNanoseconds: nanoseconds)
}

/// Publishes one GPU.
private struct Publisher {
    let directory: String

    func publish(_ millijoules: Int, at seconds: Double, bound: Int = 1_400) throws {
        let text = """
            pyjoules-feed 1
            reader name=nvidia period=1
            counter id=GPU-1 domain=nvidia_gpu_0 kind=gpu unit=1000 raw=\(millijoules) at=\(seconds) update=0.1 bound=\(bound)
            end

            """
        try writeFile("\(directory)/.nvidia.feed.tmp", text)
        try checked("rename", rename("\(directory)/.nvidia.feed.tmp", "\(directory)/nvidia.feed"))
    }

    func remove() throws { try checked("unlink", unlink("\(directory)/nvidia.feed")) }

    /// Nothing is read before the first tick.
    var sampling: Sampling {
        var sampling = Sampling(
            Sources(
                opening: .these([.feeds]),
                SystemRoots(sysfs: directory, procfs: directory, feeds: directory, vendor: .unknown), time: .replay))
        sampling.tick(at: moment(90))
        return sampling
    }
}

private func withPublisher(_ body: (Publisher) throws -> Void) throws {
    try withTemporaryDirectory { try body(Publisher(directory: $0)) }
}
