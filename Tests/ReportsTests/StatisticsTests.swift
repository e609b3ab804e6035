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

    @Test(arguments: [
        // Degrees of freedom, and the quantile of 97.5 % as tables have it.
        (1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (14, 2.145), (15, 2.131), (16, 2.120), (17, 2.110),
        (20, 2.086), (29, 2.045), (30, 2.042), (60, 2.000), (120, 1.980), (100_000, 1.960),
    ])
    func `the quantiles of Student's t are those of the tables`(degreesOfFreedom: Int, quantile: Double) {
        #expect(abs(StudentT.quantile(degreesOfFreedom: degreesOfFreedom) - quantile) <= 0.0005)
    }

    @Test func `the quantiles fall without a step where the table ends`() {
        let quantiles = (1...40).map { StudentT.quantile(degreesOfFreedom: $0) }
        let falls = zip(quantiles, quantiles.dropFirst()).map { $0 - $1 }
        #expect(zip(falls, falls.dropFirst()).allSatisfy { $0 > $1 && $1 > 0 })
    }

    @Test func `the interval of a mean is as wide as its error and its quantile say`() throws {
        // Deviation 2.138090, error 0.755929, quantile 2.364624: 5 and 1.787488 to either side.
        let millionths = [2, 4, 4, 4, 5, 5, 7, 9].map { Int64($0) * 1_000_000 }
        let statistics = try #require(Statistics(millionths))
        #expect(statistics.confidence == Statistics.Bounds(low: 3_212_512, high: 6_787_488))
        #expect(try #require(Statistics([7, 7, 7] as [Int64])).confidence == Statistics.Bounds(low: 7, high: 7))
        #expect(try #require(Statistics([7] as [Int64])).confidence == nil)
        #expect(try #require(Statistics([Int64.max, .min])).confidence == Statistics.Bounds(low: .min, high: .max))
    }
}

@Suite struct RatioTests {
    @Test func `a ratio has Fieller's interval`() throws {
        // By hand: means 12 and 10, squared errors 1 / 3 each; 4 degrees of freedom rounded down from 3.87: 3; t = 3.182446.
        let ratio = try #require(try ratio([11, 12, 13], [9, 10, 11]))
        #expect(ratio.millionths == 1_200_000)
        let bounds = try #require(ratio.confidence)
        // The ends solve (12 - 10 r)^2 = t^2 (1 + r^2) / 3.
        for end in [bounds.low, bounds.high] {
            let r = Double(end) / 1e6
            #expect(abs((12 - 10 * r) * (12 - 10 * r) - 3.182446 * 3.182446 * (1 + r * r) / 3) < 1e-4)
        }
        #expect(bounds.low < 1_200_000 && bounds.high > 1_200_000)
    }

    @Test func `without a spread it is exact`() throws {
        let ratio = try #require(try ratio([3, 3], [2, 2]))
        #expect(ratio.confidence == Statistics.Bounds(low: 1_500_000, high: 1_500_000))
    }

    @Test func `of single values there is no interval`() throws {
        #expect(try #require(try ratio([3], [2])).confidence == nil)
        #expect(try #require(try ratio([3, 4], [2])).confidence == nil)
        #expect(try #require(try ratio([3], [2, 3])).confidence == nil)
    }

    @Test func `where the denominator may be nothing the interval has no end`() throws {
        let ratio = try #require(try ratio([11, 12, 13], [1, 10, 19]))
        #expect(ratio.millionths == 1_200_000)
        #expect(ratio.confidence == nil)
    }

    @Test func `to nothing, or to less, there is no ratio`() throws {
        #expect(try ratio([1, 2], [0, 0]) == nil)
        #expect(try ratio([1, 2], [-1, -2]) == nil)
        // Of less than nothing there is.
        #expect(try #require(try ratio([-1, -2], [1, 2])).millionths == -1_000_000)
    }

    @Test func `the largest values do not trap`() throws {
        #expect(try ratio([.max, .max], [1, 1])?.millionths == .max)
        #expect(try ratio([.max, .min], [.max, 1]) != nil)
    }

    private func ratio(_ numerator: [Int64], _ denominator: [Int64]) throws -> Ratio? {
        Ratio(of: try #require(Statistics(numerator)), to: try #require(Statistics(denominator)))
    }
}
