import Accounts
import Bytes
import Counters
import Kernel
import Metrics
import Serving
import Sources
import TestSupport
import Testing

@testable import Exporter
@testable import Sampling
@testable import Sandbox
@testable import Sources

/// Pages of small samplers.
@Suite struct SeriesCatalogTests {
    private static let laptop: KeyValuePairs = [
        "0": "package-0", "0:0": "core", "0:1": "uncore", "0:2": "dram", "1": "psys",
    ]

    @Test func `before the first reading what is not known is absent`() throws {
        try withPages(Self.laptop) { tree, pages in
            pages.publish()
            for family in [
                "pyjoules_simple_energy_watts", "pyjoules_simple_measurement_duration_seconds",
                "pyjoules_energy_joules_total", "pyjoules_host_energy_joules_total", "pyjoules_power_quantile_watts",
                "pyjoules_power_peak_watts", "pyjoules_power_low_watts", "pyjoules_power_uncertainty_watts",
            ] {
                #expect(pages.lines(of: family).isEmpty == true, "\(family)")
            }
            #expect(pages.lines(of: "pyjoules_samples_total") == ["pyjoules_samples_total 0"])
            #expect(pages.lines(of: "pyjoules_source_up") == ["pyjoules_source_up{source=\"powercap\"} 1"])
            #expect(pages.lines(of: "pyjoules_resets_total").count == 5, "counters are there from the start")
        }
    }

    @Test func `after one tick there are totals, after two there is power`() throws {
        try withPages(Self.laptop) { tree, pages in
            pages.tick()
            #expect(
                pages.lines(of: "pyjoules_energy_joules_total") == [
                    "pyjoules_energy_joules_total{domain=\"package_0\",kind=\"package\",package=\"0\"} 0.000000",
                    "pyjoules_energy_joules_total{domain=\"core_0\",kind=\"core\",package=\"0\"} 0.000000",
                    "pyjoules_energy_joules_total{domain=\"uncore_0\",kind=\"uncore\",package=\"0\"} 0.000000",
                    "pyjoules_energy_joules_total{domain=\"dram_0\",kind=\"dram\",package=\"0\"} 0.000000",
                    "pyjoules_energy_joules_total{domain=\"psys_0\",kind=\"psys\"} 0.000000",
                ])
            #expect(pages.lines(of: "pyjoules_simple_energy_watts").isEmpty == true)
            #expect(pages.lines(of: "pyjoules_power_peak_watts").isEmpty == true)
            try tree.setCounter("intel-rapl:0", 1_234_567)
            try tree.setCounter("intel-rapl:1", 2_000_001)
            pages.tick()
            #expect(
                pages.lines(of: "pyjoules_energy_joules_total")[0]
                    == "pyjoules_energy_joules_total{domain=\"package_0\",kind=\"package\",package=\"0\"} 1.234567")
            #expect(
                pages.lines(of: "pyjoules_host_energy_joules_total") == [
                    "pyjoules_host_energy_joules_total{basis=\"psys\"} 2.000001"
                ])
            let power = try #require(pages.accounts[0].powerMicrowatts)
            let uncertainty = try #require(pages.accounts[0].powerUncertaintyMicrowatts)
            let label = "{domain=\"package_0\"}"
            #expect(pages.value("pyjoules_simple_energy_watts\(label)") == micro(power))
            #expect(pages.value("pyjoules_power_peak_watts\(label)") == micro(power))
            #expect(pages.value("pyjoules_power_low_watts\(label)") == micro(power))
            #expect(pages.value("pyjoules_power_uncertainty_watts\(label)") == micro(uncertainty))
            #expect(pages.value("pyjoules_simple_energy_watts{domain=\"core_0\"}") == "0.000000")
        }
    }

    @Test func `peaks and lows are those of a minute, and stay when the zone fails`() throws {
        try withPages(["0": "package-0"]) { tree, pages in
            pages.tick()
            var powers: [UInt64] = []
            for counter in [1_000, 900_000, 900_001] as [UInt64] {
                try tree.setCounter("intel-rapl:0", counter)
                pages.tick()
                powers.append(try #require(pages.accounts[0].powerMicrowatts))
            }
            let label = "{domain=\"package_0\"}"
            #expect(pages.value("pyjoules_power_peak_watts\(label)") == micro(powers.max() ?? 0))
            #expect(pages.value("pyjoules_power_low_watts\(label)") == micro(powers.min() ?? 0))
            try tree.set("energy_uj", of: "intel-rapl:0", to: "")
            pages.tick()
            #expect(pages.value("pyjoules_simple_energy_watts\(label)") == nil)
            #expect(pages.value("pyjoules_power_uncertainty_watts\(label)") == nil)
            #expect(pages.value("pyjoules_power_peak_watts\(label)") == micro(powers.max() ?? 0))
            #expect(pages.value("pyjoules_sample_errors_total{domain=\"package_0\",reason=\"empty\"}") == "1")
            #expect(pages.lines(of: "pyjoules_energy_joules_total").count == 1, "a series, once shown, stays")
        }
    }

    @Test func `each layer of the sandbox is a series, once it is known`() throws {
        try withPages(["0": "package-0"]) { tree, pages in
            pages.publish()
            #expect(pages.lines(of: "pyjoules_sandbox").isEmpty == true)
            var report = SandboxReport(allOff: "for a test")
            report[.seccomp] = .on("1 call")
            pages.publish(report)
            for _ in 0..<2 {
                #expect(
                    pages.lines(of: "pyjoules_sandbox") == [
                        "pyjoules_sandbox{layer=\"landlock\"} 0",
                        "pyjoules_sandbox{layer=\"seccomp\"} 1",
                        "pyjoules_sandbox{layer=\"capabilities\"} 0",
                    ])
                pages.tick()
            }
        }
    }

    @Test func `all zones have a role, and counted ones their limits`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core", "1": "gpu", "2": "package-1"]) { tree in
            try tree.add("0", "package-0", controlType: "intel-rapl-mmio")
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 65_000_000)
            try tree.setLimit(1, of: "intel-rapl:0", name: "short_term", microwatts: 90_500_000)
            try tree.remove("energy_uj", of: "intel-rapl:2")
            var pages = try Pages(tree, vendor: .amd)
            pages.publish()
            #expect(
                pages.lines(of: "pyjoules_zone_info") == [
                    "pyjoules_zone_info{zone=\"intel-rapl:0\",domain=\"package_0\",role=\"counted\",reason=\"\"} 1",
                    "pyjoules_zone_info{zone=\"intel-rapl:0:0\",domain=\"core_0\",role=\"lead-core\",reason=\"\"} 1",
                    "pyjoules_zone_info{zone=\"intel-rapl:1\",domain=\"\",role=\"unreadable\","
                        + "reason=\"its name 'gpu' is none that RAPL uses\"} 1",
                    "pyjoules_zone_info{zone=\"intel-rapl:2\",domain=\"package_1\",role=\"unreadable\","
                        + "reason=\"No such file or directory\"} 1",
                    "pyjoules_zone_info{zone=\"intel-rapl-mmio:0\",domain=\"package_0\",role=\"duplicate\","
                        + "reason=\"repeats a counter that is counted already\"} 1",
                ])
            #expect(
                pages.lines(of: "pyjoules_power_limit_watts") == [
                    "pyjoules_power_limit_watts{domain=\"package_0\",constraint=\"long_term\"} 65.000000",
                    "pyjoules_power_limit_watts{domain=\"package_0\",constraint=\"short_term\"} 90.500000",
                ])
            pages.tick()
            #expect(
                pages.lines(of: "pyjoules_energy_joules_total") == [
                    "pyjoules_energy_joules_total{domain=\"package_0\",kind=\"package\",package=\"0\"} 0.000000",
                    "pyjoules_energy_joules_total{domain=\"core_0\",kind=\"lead_core\",package=\"0\"} 0.000000",
                ])
        }
    }

    @Test func `a mirror has its role and no energy, until it is found to be none`() throws {
        try withPages(["0": "package-0-die-0", "1": "package-0-die-1"]) { tree, pages in
            func roles(_ pages: borrowing Pages) -> [String] {
                pages.lines(of: "pyjoules_zone_info").map { line in
                    line.split(separator: ",").filter { !$0.hasPrefix("domain") }.joined(separator: ",")
                }
            }
            let counted = [
                "pyjoules_zone_info{zone=\"intel-rapl:0\",role=\"counted\",reason=\"\"} 1",
                "pyjoules_zone_info{zone=\"intel-rapl:1\",role=\"counted\",reason=\"\"} 1",
            ]
            let mirrored = [
                counted[0],
                "pyjoules_zone_info{zone=\"intel-rapl:1\",role=\"mirror\",reason=\"shows the counter of package_0_die_0\"} 1",
            ]
            pages.publish()
            #expect(roles(pages) == counted)
            for tick in 1...70 as ClosedRange<UInt64> {
                pages.tick()
                #expect(roles(pages) == (tick < 65 ? mirrored : counted))
                #expect(pages.lines(of: "pyjoules_energy_joules_total").count == (tick < 65 ? 1 : 2))
                #expect(pages.lines(of: "pyjoules_host_energy_joules_total").count == 1)
                try tree.setCounter("intel-rapl:0", tick * 100)
                try tree.setCounter("intel-rapl:1", tick * 101)
            }
        }
    }

    @Test func `wraps, resets and gaps are told for each domain`() throws {
        try withPages(["0": "package-0", "1": "package-1", "2": "package-2"]) { tree, pages in
            try tree.setCounter("intel-rapl:0", 262_143_328_850)
            try tree.setCounter("intel-rapl:1", 9_000)
            pages.tick()
            try tree.setCounter("intel-rapl:0", 10)
            try tree.setCounter("intel-rapl:1", 10)
            pages.tick()
            func told(_ family: String) -> [String?] {
                (0...2).map { pages.value("pyjoules_\(family)_total{domain=\"package_\($0)\"}") }
            }
            #expect(told("wraps") == ["1", "0", "0"])
            #expect(told("resets") == ["0", "0", "0"])
            // A step back is in doubt for a second.
            let patience = Clock.monotonicNanoseconds() + 10_000_000_000
            while told("resets")[1] == "0", Clock.monotonicNanoseconds() < patience { pages.tick() }
            #expect(told("wraps") == ["1", "0", "0"])
            #expect(told("resets") == ["0", "1", "0"])
            #expect(told("gaps") == ["0", "0", "0"])
            #expect(pages.lines(of: "pyjoules_sample_errors_total").isEmpty == true)
        }
        // The slack alone is longer than this range takes at a kilowatt.
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.set("max_energy_range_uj", of: "intel-rapl:0", to: "1000000\n")
            var pages = try Pages(tree, vendor: .intel)
            for _ in 0..<3 { pages.tick() }
            #expect(pages.value("pyjoules_gaps_total{domain=\"package_0\"}") == "2")
        }
    }

    /// The machine's energy was once shown as 0 J where nothing of it could ever be read.
    @Test func `the machine's energy is absent while nothing of it was read`() throws {
        try withPages(["0": "package-0", "0:0": "core"]) { tree, pages in
            try tree.set("energy_uj", of: "intel-rapl:0", to: "")
            pages.tick()
            #expect(pages.lines(of: "pyjoules_energy_joules_total").count == 1)
            #expect(pages.lines(of: "pyjoules_host_energy_joules_total").isEmpty == true)
            try tree.setCounter("intel-rapl:0", 5)
            pages.tick()
            #expect(
                pages.lines(of: "pyjoules_host_energy_joules_total") == [
                    "pyjoules_host_energy_joules_total{basis=\"packages+dram\"} 0.000000"
                ])
        }
    }

    @Test func `HELP says what is simulated, and rows say how each domain is read`() throws {
        var simulated = try Pages(Sampling(.simulated()))
        simulated.tick()
        simulated.tick()
        #expect(
            simulated.text.count(of: "SIMULATED, not measured") == 8, "each family with energy or power, and the source"
        )
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "1000\n"])
            var estimated = try Pages(Sampling(.reading(.hwmon, tree.root)))
            estimated.tick()
            #expect(
                estimated.lines(of: "pyjoules_domain_info").map { line in
                    line.split(separator: ",").filter { !$0.hasPrefix("device=") }.joined(separator: ",")
                } == [
                    "pyjoules_domain_info{domain=\"ina_power1\",source=\"hwmon\",unit=\"0.000001\",estimate=\"true\"} 1"
                ])
        }
    }

    /// Everything was once declared anew when one zone came back under another number.
    @Test func `a zone that comes back changes its own row, and one that is new gets rows of its own`() throws {
        try withPages(["0": "package-0", "0:0": "core"]) { tree, pages in
            for counter in [1_000, 3_000] as [UInt64] {
                try tree.setCounter("intel-rapl:0:0", counter)
                pages.tick()
            }
            let core = pages.lines(of: "pyjoules_power_quantile_watts").filter { $0.contains("core_0") }
            #expect(core.count == 5)
            try tree.rename("0", to: "5")
            try tree.add("7", "package-1")
            pages.lose("package_0")
            pages.publish()
            #expect(
                pages.lines(of: "pyjoules_zone_info").map { $0.prefix { $0 != "," } } == [
                    "pyjoules_zone_info{zone=\"intel-rapl:5\"", "pyjoules_zone_info{zone=\"intel-rapl:0:0\"",
                    "pyjoules_zone_info{zone=\"intel-rapl:7\"",
                ])
            #expect(pages.lines(of: "pyjoules_energy_joules_total").count == 2, "the new one was not read yet")
            #expect(pages.lines(of: "pyjoules_wraps_total").count == 3)
            #expect(pages.lines(of: "pyjoules_domain_info").count == 3)
            #expect(pages.lines(of: "pyjoules_power_quantile_watts").filter { $0.contains("core_0") } == core)
            pages.tick()
            #expect(pages.lines(of: "pyjoules_energy_joules_total").count == 3)
        }
    }

    /// What differs by host once stood in HELP, so that two hosts' families could not be held against each other.
    @Test func `HELP is the same on every host`() throws {
        var pages: [[Substring]] = []
        try withPages(Self.laptop) { tree, powercap in
            powercap.tick()
            powercap.tick()
            pages.append(powercap.text.split(separator: "\n").filter { $0.hasPrefix("# HELP") })
        }
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "1000\n"])
            var hwmon = try Pages(Sampling(.reading(.hwmon, tree.root)))
            hwmon.tick()
            hwmon.tick()
            pages.append(hwmon.text.split(separator: "\n").filter { $0.hasPrefix("# HELP") })
        }
        #expect(Set(pages[1]).isSubset(of: pages[0]))
        #expect(pages[1].count > 20)
    }

    @Test func `without a source the page says so, and what was seen`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.set("max_energy_range_uj", of: "intel-rapl:0", to: "none\n")
            var pages = try Pages(Sampling(.reading(.powercap, tree.root)))
            pages.tick()
            #expect(pages.lines(of: "pyjoules_source_up") == ["pyjoules_source_up{source=\"powercap\"} 0"])
            #expect(pages.lines(of: "pyjoules_zone_info").count == 1)
            #expect(pages.lines(of: "pyjoules_samples_total") == ["pyjoules_samples_total 0"])
            #expect(pages.text.contains("joules_total") == false)
            #expect(pages.lines(of: "pyjoules_simple_measurement_duration_seconds").isEmpty == true)
        }
    }

    @Test func `no family and no series is there twice, and each line is in its family`() throws {
        try withPages(Self.laptop) { tree, pages in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 1)
            pages.tick()
            pages.tick()
            var families: Set<Substring> = []
            var series: Set<Substring> = []
            var family: Substring = ""
            for line in pages.text.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 3)
                switch words[1] {
                case "HELP":
                    family = words[2]
                    #expect(families.insert(family).inserted, "\(line)")
                case "TYPE": #expect(words[2] == family, "\(line)")
                default:
                    #expect(line.hasPrefix(family), "\(line)")
                    let value = line.lastIndex(of: " ") ?? line.endIndex
                    #expect(series.insert(line[..<value]).inserted, "\(line)")
                }
            }
            #expect(families.count > 20)
        }
    }

    @Test func `OpenMetrics shows the same series, in families that have their own names and units`() throws {
        try withPages(Self.laptop) { tree, pages in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 1)
            pages.tick()
            pages.tick()
            func series(_ page: String) -> [Substring] { page.split(separator: "\n").filter { !$0.hasPrefix("#") } }
            let page = pages.openMetrics()
            #expect(series(page) == series(pages.text))
            #expect(page.hasSuffix("\n# EOF\n") == true)
            var families: [Substring: Substring] = [:]
            for line in page.split(separator: "\n") where line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ")
                #expect(families.updateValue(words[3], forKey: words[2]) == nil, "\(line)")
            }
            #expect(families["pyjoules_energy_joules"] == "counter")
            #expect(families["pyjoules_power_quantile_watts"] == "summary")
            #expect(families["pyjoules_sample_lateness_seconds"] == "histogram")
            let units = page.split(separator: "\n").filter { $0.hasPrefix("# UNIT ") }
            #expect(units.contains("# UNIT pyjoules_energy_joules joules") == true)
            for unit in units {
                let words = unit.split(separator: " ")
                #expect(words[2].hasSuffix("_" + words[3]), "\(unit)")
            }
        }
    }

    private func withPages(
        _ zones: KeyValuePairs<String, String>, _ body: (PowercapTree, inout Pages) throws -> Void
    ) throws {
        try withPowercapTree(zones) { tree in
            var pages = try Pages(tree, vendor: .intel)
            try body(tree, &pages)
        }
    }

    private func micro(_ microwatts: UInt64) -> String {
        let fraction = String(microwatts % 1_000_000)
        return "\(microwatts / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }

    /// A sampler and the page that is made of it, as the server makes it.
    struct Pages: ~Copyable {
        private var sampling: Sampling
        private var catalog: SeriesCatalog
        private var probe: ProcessProbe
        private(set) var text = ""

        init(
            _ tree: PowercapTree, vendor: ProcessorVendor, hasHistograms: Bool = true, hasClassicBuckets: Bool = false
        ) throws {
            try self.init(
                Sampling(.reading(.powercap, tree.root, vendor)), hasHistograms: hasHistograms,
                hasClassicBuckets: hasClassicBuckets)
        }

        init(
            _ sampling: consuming Sampling, hasHistograms: Bool = true, hasClassicBuckets: Bool = false
        ) throws {
            let probe = ProcessProbe()
            catalog = SeriesCatalog(
                isSimulated: sampling.report.isSimulated, hasHistograms: hasHistograms,
                hasClassicBuckets: hasClassicBuckets, intervalNanoseconds: 100_000_000,
                startUnixMilliseconds: Clock.realtimeNanoseconds() / 1_000_000)
            self.probe = probe
            self.sampling = sampling
        }

        var accounts: [DomainAccount] { sampling.accounts }

        /// Waits first: two readings within the time in which a counter stands still say nothing of power's uncertainty, and
        /// publishing takes less.
        mutating func tick() {
            let due = Clock.monotonicNanoseconds() + CounterFacts.raplUpdateNanoseconds
            while Clock.monotonicNanoseconds() <= due {}
            sampling.tick()
            _ = catalog.follow(sampling)
            catalog.record(sampling.accounts, at: sampling.lastPassNanoseconds)
            publish()
        }

        /// Tells the account that its zone is lost, since files cannot give ENODEV, and lets it be looked for.
        mutating func lose(_ tag: String) {
            for index in sampling.accounts.indices where sampling.accounts[index].domain.tag == tag {
                sampling.accounts[index].take(.failure(.unregistered), at: .now())
            }
            var moment = Moment.now()
            for _ in 0..<2 {
                sampling.lookAgain(at: moment)
                moment.monotonicNanoseconds += 1_000_000_000
            }
        }

        mutating func publish(_ report: SandboxReport) {
            catalog.publish(report)
            publish()
        }

        mutating func publish() {
            _ = catalog.follow(sampling)
            let facts = ServerFacts(
                serving: ServingFacts(), lateness: LatencyHistogram(), missedTicks: 0, droppedLogMessages: 0)
            catalog.publish(sampling, facts, &probe)
            var page = ByteBuffer(capacity: catalog.registry.longestPageBytes(.text))
            catalog.registry.encode(.text, into: &page)
            text = page.text()
        }

        func openMetrics() -> String { written(.openMetrics) }

        /// A page in a format; of protobuf, what of it is text can be looked for.
        func written(_ exposition: Exposition) -> String {
            var page = ByteBuffer(capacity: catalog.registry.longestPageBytes(exposition))
            catalog.registry.encode(exposition, into: &page)
            return page.text()
        }

        /// The series of a family, as the page shows them.
        func lines(of family: String) -> [String] {
            text.split(separator: "\n").filter { line in
                let name = line.prefix { $0 != "{" && $0 != " " }
                return [family, family + "_bucket", family + "_sum", family + "_count"].contains(name.description)
            }.map(String.init)
        }

        /// What the page shows for one series; nil if that is absent.
        func value(_ series: String) -> String? {
            text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
                .map { $0.dropFirst(series.count + 1).description }
        }
    }
}
