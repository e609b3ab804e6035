import Testing

@testable import Reports

@Suite struct StatisticsTests {
    @Test func `of nothing there are none`() {
        #expect(Statistics([Int64]()) == nil)
    }

    @Test func `a single value has no spread`() throws {
        let statistics = try #require(Statistics([42] as [Int64]))
        #expect(statistics.mean == 42)
        #expect(statistics.standardDeviation == nil)
    }

    @Test(arguments: [
        // Values, then mean and standard deviation, rounded.
        ([2, 4, 4, 4, 5, 5, 7, 9], 5, 2), ([1, 2], 2, 1), ([-1, -2], -2, 1), ([10, 10, 10], 10, 0),
        ([100_000_000, 101_000_000, 102_000_000], 101_000_000, 1_000_000), ([-5_000_000, 5_000_000], 0, 7_071_068),
    ])
    func `the mean is rounded half away from zero, the deviation is that of a sample`(
        values: [Int64], mean: Int64, deviation: Int64
    ) throws {
        let statistics = try #require(Statistics(values))
        #expect(statistics.mean == mean)
        #expect(statistics.standardDeviation == deviation)
    }

    @Test func `a small spread of large values is not lost`() throws {
        let base: UInt64 = 9_000_000_000_000
        let statistics = try #require(Statistics([base, base + 2, base + 4]))
        #expect(statistics.mean == 9_000_000_000_002)
        #expect(statistics.standardDeviation == 2)
    }

    @Test func `the largest values do not trap`() throws {
        let statistics = try #require(Statistics([UInt64.max, UInt64.max, 0]))
        #expect(statistics.mean == 6_148_914_691_236_517_205)
        #expect(Statistics([Int64.max, Int64.min])?.mean == -1)
    }
}
