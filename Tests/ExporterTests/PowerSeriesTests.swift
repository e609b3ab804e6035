import Accounts
import Metrics
import Sources
import TestSupport
import Testing

@testable import Exporter

/// How the distribution of power is shown.
@Suite struct PowerSeriesTests {
    private static let labels = "domain=\"package_0\",kind=\"package\",package=\"0\""

    private func withPages(
        hasHistograms: Bool = true, hasClassicBuckets: Bool = false,
        _ body: (PowercapTree, inout SeriesCatalogTests.Pages) throws -> Void
    ) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var pages = try SeriesCatalogTests.Pages(
                tree, vendor: .intel, hasHistograms: hasHistograms, hasClassicBuckets: hasClassicBuckets)
            try body(tree, &pages)
        }
    }

    /// The value of a series in millionths, by its digits.
    private func micro(_ pages: borrowing SeriesCatalogTests.Pages, _ series: String) throws -> UInt64 {
        let value = pages.value("pyjoules_power_\(series)")
        let digits = try #require(value, "\(series)").filter { $0 != "." }
        return try #require(UInt64(digits))
    }

    /// Classic buckets once gave a 99 % quantile that was up to 53 % above the peak.
    @Test func `on every page the quantiles ascend from the low to the peak`() throws {
        try withPages { tree, pages in
            pages.tick()
            var counter: UInt64 = 0
            var sum: UInt64 = 0
            for tick in 1...60 as ClosedRange<UInt64> {
                counter += tick % 20 == 0 ? 90_000 : tick * 500
                try tree.setCounter("intel-rapl:0", counter)
                pages.tick()
                sum += try #require(pages.accounts[0].powerMicrowatts)
                let domain = "{domain=\"package_0\"}"
                var ascending = [try micro(pages, "low_watts\(domain)")]
                for quantile in ["0.5", "0.95", "0.99"] {
                    ascending.append(
                        try micro(pages, "quantile_watts{domain=\"package_0\",quantile=\"\(quantile)\"}"))
                }
                ascending.append(try micro(pages, "peak_watts\(domain)"))
                #expect(ascending == ascending.sorted())
                let shownSum = try micro(pages, "quantile_watts_sum\(domain)")
                #expect(shownSum == sum)
                #expect(pages.value("pyjoules_power_quantile_watts_count\(domain)") == "\(tick)")
            }
        }
    }

    @Test func `a domain that was read has a count before it has quantiles`() throws {
        try withPages { _, pages in
            pages.tick()
            #expect(
                pages.lines(of: "pyjoules_power_quantile_watts") == [
                    "pyjoules_power_quantile_watts_sum{domain=\"package_0\"} 0.000000",
                    "pyjoules_power_quantile_watts_count{domain=\"package_0\"} 0",
                ])
        }
    }

    @Test func `the histogram is protobuf's alone unless classic buckets are asked for`() throws {
        try withPages { _, pages in
            pages.tick()
            pages.tick()
            #expect(pages.text.contains("pyjoules_power_watts") == false)
            #expect(pages.openMetrics().contains("pyjoules_power_watts") == false)
            #expect(pages.written(.protobuf).contains("pyjoules_power_watts") == true)
        }
    }

    @Test func `every sample is in the classic histogram, whose buckets are cumulative`() throws {
        try withPages(hasClassicBuckets: true) { tree, pages in
            for tick in 0..<5 as Range<UInt64> {
                try tree.setCounter("intel-rapl:0", tick * 1_000)
                pages.tick()
            }
            let lines = pages.lines(of: "pyjoules_power_watts")
            let bounds = lines.compactMap { line in
                line.firstRange(of: "le=\"").map { line[$0.upperBound...].prefix { $0 != "\"" }.description }
            }
            #expect(bounds == PowerHistogram.boundLabels + ["+Inf"])
            let counts = lines.prefix(bounds.count).compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
            #expect(counts == counts.sorted())
            #expect(pages.value("pyjoules_power_watts_bucket{\(Self.labels),le=\"+Inf\"}") == "4")
            #expect(pages.value("pyjoules_power_watts_count{\(Self.labels)}") == "4")
            #expect(
                pages.value("pyjoules_power_watts_sum{\(Self.labels)}")
                    == pages.value("pyjoules_power_quantile_watts_sum{domain=\"package_0\"}"))
            #expect(lines.count == bounds.count + 2)
            #expect(pages.openMetrics().count(of: "pyjoules_power_watts_bucket") == bounds.count)
        }
    }

    @Test func `without histograms there is none, and quantiles and extremes are there still`() throws {
        try withPages(hasHistograms: false) { _, pages in
            pages.tick()
            pages.tick()
            for format in Exposition.allCases {
                #expect(pages.written(format).contains("pyjoules_power_watts") == false)
            }
            #expect(pages.lines(of: "pyjoules_power_peak_watts").count == 1)
            #expect(pages.lines(of: "pyjoules_power_quantile_watts").count == 5)
        }
    }

    @Test func `an error has no row before it happens, and keeps it from then on`() throws {
        try withPages { tree, pages in
            pages.tick()
            #expect(pages.text.contains("pyjoules_sample_errors_total") == false, "nor has the family a header")
            try tree.set("energy_uj", of: "intel-rapl:0", to: "")
            pages.tick()
            let first = ["pyjoules_sample_errors_total{domain=\"package_0\",reason=\"empty\"} 1"]
            #expect(pages.lines(of: "pyjoules_sample_errors_total") == first)
            try tree.setCounter("intel-rapl:0", 5)
            pages.tick()
            #expect(pages.lines(of: "pyjoules_sample_errors_total") == first)
            try tree.set("energy_uj", of: "intel-rapl:0", to: "garbage\n")
            pages.tick()
            #expect(
                pages.lines(of: "pyjoules_sample_errors_total") == first + [
                    "pyjoules_sample_errors_total{domain=\"package_0\",reason=\"garbage\"} 1"
                ])
        }
    }
}
