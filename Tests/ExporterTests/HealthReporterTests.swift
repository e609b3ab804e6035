import Energy
import Glibc
import Logging
import Testing

@testable import Exporter
@testable import Kernel

@Suite struct HealthReporterTests {
    @Test func `a zone that fails is said once, and its recovery once, however often it is read`() throws {
        var bench = try Bench()
        bench.review(seconds: 0..<5)
        #expect(bench.pipe.readAll().isEmpty)
        bench.set("garbage")
        bench.review(seconds: 100..<200)
        let failing = bench.pipe.readAll()
        #expect(failing.count(of: "event=zone_failing") == 1)
        #expect(failing.contains("domain=package_0 reason=garbage"))
        bench.set("12")
        bench.review(seconds: 200..<300)
        #expect(bench.pipe.readAll().count(of: "event=zone_recovered") == 1)
    }

    @Test func `a zone that flaps is said at most once a minute`() throws {
        var bench = try Bench()
        for second in 0..<120 {
            bench.set(second % 2 == 0 ? "" : "5")
            bench.review(seconds: second..<(second + 1))
        }
        let said = bench.pipe.readAll()
        #expect(said.count(of: "event=zone_failing") == 2)
        #expect(said.count(of: "event=zone_recovered") == 2)
    }

    /// A zone in a directory of its own, its sampler, and a log that can be read.
    struct Bench: ~Copyable {
        let pipe: Pipe
        private let root: String
        private let log: Logger
        private var sampler: Sampler
        private var reporter = HealthReporter(domainCount: 1)

        init() throws {
            root = "/tmp/pyjoules-health-\(getpid())-\(Clock.monotonicNanoseconds())"
            for path in ["", "/class", "/class/powercap", "/class/powercap/intel-rapl:0"] { mkdir(root + path, 0o700) }
            writeFile(root + "/class/powercap/intel-rapl:0/name", "package-0\n")
            writeFile(root + "/class/powercap/intel-rapl:0/max_energy_range_uj", "1000000\n")
            writeFile(root + "/class/powercap/intel-rapl:0/energy_uj", "1\n")
            let pipe = try Pipe()
            let sink = LogSink(writer: try LineWriter(sharing: pipe.writer), format: .logfmt)
            sampler = try Sampler.powercap(PowercapDiscovery(sysfs: root, vendor: .intel).zones)
            log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
            self.pipe = pipe
        }

        deinit {
            for file in ["name", "max_energy_range_uj", "energy_uj"] {
                unlink(root + "/class/powercap/intel-rapl:0/" + file)
            }
            for path in ["/class/powercap/intel-rapl:0", "/class/powercap", "/class", ""] { rmdir(root + path) }
        }

        func set(_ content: String) {
            writeFile(root + "/class/powercap/intel-rapl:0/energy_uj", content)
        }

        mutating func review(seconds: Range<Int>) {
            for second in seconds {
                sampler.tick()
                reporter.review(sampler, nanoseconds: UInt64(second) * 1_000_000_000, log)
            }
        }
    }
}

/// Replaces a file's content in place, so that an open descriptor reads it.
func writeFile(_ path: String, _ content: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(descriptor) }
    let bytes = Array(content.utf8)
    let written = write(descriptor, bytes, bytes.count)
    precondition(written == bytes.count)
}
