import Testing

@testable import GPU

@Suite struct PowerSamplesTests {
    /// The wall clock is this far ahead of the monotonic clock.
    private static let ahead: UInt64 = 1_000_000_000_000

    private static func sample(_ milliseconds: UInt64, _ milliwatts: UInt32) -> PowerSample {
        PowerSample(microseconds: (ahead / 1_000_000 + milliseconds) * 1000, milliwatts: milliwatts)
    }

    private func course(_ taken: [PowerSample]..., at milliseconds: UInt64, most: Int = 100) throws -> PowerCourse? {
        var samples = PowerSamples(most: most)
        for part in taken { try samples.take { _, all in all += part } }
        let now = milliseconds * 1_000_000
        return samples.handOver(now: (Self.ahead + now, now))
    }

    @Test func `the last ends when it was stamped, on the monotonic clock`() throws {
        let found = try course([Self.sample(1000, 5), Self.sample(1020, 6)], [Self.sample(1040, 7)], at: 1100)
        #expect(
            found
                == PowerCourse(
                    everyNanoseconds: 20_000_000, untilNanoseconds: 1_040_000_000, milliwatts: [5, 6, 7]))
    }

    @Test func `jitter changes the length of the parts and loses none`() throws {
        let found = try course([Self.sample(1000, 5), Self.sample(1048, 6), Self.sample(1060, 7)], at: 1100)
        #expect(found?.everyNanoseconds == 30_000_000)
        #expect(found?.milliwatts == [5, 6, 7])
    }

    @Test func `one alone has the usual length, and none gives nothing`() throws {
        #expect(try course([Self.sample(1000, 5)], at: 1100)?.everyNanoseconds == 20_000_000)
        #expect(try course([], at: 1100) == nil)
    }

    @Test func `a wall clock that was set back puts none into the future`() throws {
        #expect(try course([Self.sample(5000, 5)], at: 1100)?.untilNanoseconds == 1_100_000_000)
        // Set ahead by more than the machine has run.
        #expect(try course([PowerSample(microseconds: 1, milliwatts: 5)], at: 1100) == nil)
    }

    @Test func `the oldest go when there are too many, and the latest stamp is kept`() throws {
        var samples = PowerSamples(most: 2)
        try samples.take { stamp, all in
            #expect(stamp == 0)
            all += (1...5).map { Self.sample($0 * 20, UInt32($0)) }
        }
        #expect(samples.handOver(now: (Self.ahead + 1_000_000_000, 1_000_000_000))?.milliwatts == [4, 5])
        try samples.take { stamp, _ in #expect(stamp == Self.sample(100, 0).microseconds) }
        #expect(samples.handOver(now: (Self.ahead + 1_000_000_000, 1_000_000_000)) == nil)
    }
}
