import Testing

@testable import Exporter

@Suite struct ProcessStatisticsTests {
    @Test func `the fields are counted from the last parenthesis of the name`() throws {
        let line = "42 (a) b (c)) S 1 2 3 4 -1 6 7 8 9 10 150 50 13 14 20 0 3 0 777 4096000 25 18446744073709551615 1\n"
        let bytes = Array(line.utf8)
        let parsed = ProcessStatistics(bytes.span, ticksPerSecond: 100, pageBytes: 4096)
        let statistics = try #require(parsed)
        #expect(statistics.cpuMicroseconds == 2_000_000)
        #expect(statistics.threads == 3)
        #expect(statistics.startTicks == 777)
        #expect(statistics.virtualBytes == 4_096_000)
        #expect(statistics.residentBytes == 25 * 4096)
    }

    @Test(arguments: ["", "42", "42 (name", "42 (name) S 1 2 3"])
    func `a line that is cut is none`(line: String) {
        let bytes = Array(line.utf8)
        #expect(ProcessStatistics(bytes.span, ticksPerSecond: 100, pageBytes: 4096) == nil)
    }
}
