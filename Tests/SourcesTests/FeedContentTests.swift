import Counters
import Testing

@testable import Sources

/// What a feed's text means, and what is wrong with one that means nothing.
@Suite struct FeedContentTests {
    @Test func `every kind of line is understood`() throws {
        let text = feed(
            "# a comment",
            #"counter id=GPU-1 domain=nvidia_gpu_0 kind=gpu unit=1000 raw=2265123 at=24.400123456 spread=0.004 update=0.1 "#
                + #"bound=1400 vendor=nvidia model="NVIDIA \"H200\" \\" uuid=GPU-1 pci_bus_id=00000000:00:06.0 later=x"#,
            "samples id=GPU-1 every=0.02 until=24.38 watts=76.1,77.0,78",
            "power id=plug-1 domain=wall kind=sensor watts=43.2501234 at=24.4",
            #"unreadable id=GPU-2 domain=nvidia_gpu_1 kind=gpu reason=lost text="GPU is lost""#)
        let content = try content(text)
        #expect(content.periodNanoseconds == 1_000_000_000)
        #expect(string(content.name, text) == "test")
        let gpu = content.entries[0]
        #expect(gpu.form == .counter(microjoules: 2_265_123_000))
        #expect(gpu.shape == FeedEntry.Shape(kind: .gpu, unit: 1_000_000_000_000))
        #expect(gpu.atNanoseconds == 24_400_123_456 && gpu.spreadNanoseconds == 4_000_000)
        #expect(gpu.updateNanoseconds == 100_000_000 && gpu.boundMicrowatts == 1_400_000_000)
        #expect(string(gpu.model, text) == #"NVIDIA \"H200\" \\"#, "as it stands there")
        #expect(string(gpu.address, text) == "00000000:00:06.0" && string(gpu.vendor, text) == "nvidia")
        #expect(gpu.samples?.count == 3 && gpu.samples?.untilNanoseconds == 24_380_000_000)
        #expect(content.entries[1].form == .power(microwatts: 43_250_123))
        #expect(content.entries[1].shape.isEstimate)
        #expect(content.entries[2].form == .unreadable(.lost))
        #expect(string(content.entries[2].text, text) == "GPU is lost")
    }

    @Test(
        arguments: [
            ("1000", "5", 5_000), ("1", "18446744073709551614", UInt64.max - 1), ("15.258789063", "65536", 1_000_000),
            ("0.000000001", "999999999", 0), ("10000000000", "1", 10_000_000_000),
        ] as [(String, String, UInt64)])
    func `counts are microjoules by their unit, without floating point`(
        unit: String, raw: String, microjoules: UInt64
    ) throws {
        let content = try content(feed("counter id=a domain=a kind=sensor unit=\(unit) raw=\(raw)"))
        #expect(content.entries[0].form == .counter(microjoules: microjoules))
    }

    @Test func `a counter that turns has the range that it says`() throws {
        let content = try content(
            feed("counter id=a domain=a kind=gpu unit=15.258789063 raw=4294967295 wrap=4294967296"))
        #expect(content.entries[0].shape.modulus == 65_536_000_002)
    }

    /// Each with the number of the line that is wrong, and the words that say what.
    static let faults: [(String, Int, String)] =
        [
            ("", 0, "cut off"),
            ("pyjoules-feed 2\nreader name=a period=1\nend\n", 1, "pyjoules-feed 1"),
            ("pyjoules-feed 1 \nend\n", 1, "pyjoules-feed 1"),
            ("\npyjoules-feed 1\n", 1, "pyjoules-feed 1"),
            ("pyjoules-feed 1\nend\n", 2, "'reader'"),
            ("pyjoules-feed 1\npower id=a domain=a kind=sensor watts=1\nend\n", 2, "'reader'"),
            ("pyjoules-feed 1\nreader name=a period=1\n", 0, "cut off"),
            ("pyjoules-feed 1\nreader name=a period=1\nend\n\n", 4, "follows 'end'"),
            ("pyjoules-feed 1\nreader name=a period=1\nend x=1\n", 3, "key=value"),
            ("pyjoules-feed 1\nreader name=a\nend\n", 2, "'period' is missing"),
            ("pyjoules-feed 1\nreader name=a period=0.09\nend\n", 2, "'period'"),
            ("pyjoules-feed 1\nreader name=a period=3600.1\nend\n", 2, "'period'"),
            ("pyjoules-feed 1\nreader name=A period=1\nend\n", 2, "'name'"),
            ("pyjoules-feed 1\nreader name= period=1\nend\n", 2, "'name'"),
        ]
        + [
            ("reader name=a period=1", "'reader'"), ("meter id=a", "first word"), ("", "first word"),
            (" counter id=a", "no key=value pairs"), ("counter id=a  domain=a", "key=value"),
            ("counter id=a ", "key=value"),
            ("counter id", "key=value"), ("counter =a", "key=value"), ("counter ID=a", "key=value"),
            ("counter id=\"a", "key=value"), ("counter id=\"a\\x\"", "key=value"), ("counter id=a\"b", "key=value"),
            ("counter id=\"a\"b domain=a", "key=value"), ("counter id=a=b", "key=value"),
            ("counter id=a id=b", "twice"), ("counter id=a x=1 x=1", "twice"),
            ("power " + (0..<65).map { "k\($0)=1" }.joined(separator: " "), "64 keys"),
            ("counter id=a\tdomain=a", "control"), ("counter id=a\u{0}", "control"), ("counter id=a\r", "control"),
            ("counter id=a domain=a kind=gpu unit=1", "'raw' is missing"),
            ("counter id=a domain=a kind=gpu raw=1", "'unit' is missing"),
            ("counter id=a kind=gpu unit=1 raw=1", "'domain' is missing"),
            ("counter domain=a kind=gpu unit=1 raw=1", "'id' is missing"),
            ("counter id=a domain=a unit=1 raw=1", "'kind' is missing"),
            ("counter id= domain=a kind=gpu unit=1 raw=1", "'id'"),
            ("counter id=\(String(repeating: "a", count: 97)) domain=a kind=gpu unit=1 raw=1", "'id'"),
            ("counter id=a domain=A kind=gpu unit=1 raw=1", "'domain'"),
            ("counter id=a domain=\(String(repeating: "a", count: 64)) kind=gpu unit=1 raw=1", "'domain'"),
            ("counter id=a domain=a kind=package unit=1 raw=1", "'kind'"),
        ].map { (whole($0.0), 3, $0.1) }
        + [
            "unit=0", "unit=-1", "unit=1e3", "unit=.5", "unit=5.", "unit=1.0000000001", "unit=10000000000.1", "unit=",
        ].map { (whole("counter id=a domain=a kind=gpu raw=1 \($0)"), 3, "'unit'") }
        + [
            "raw=1.5", "raw=-1", "raw=18446744073709551616", "raw=18446744073709551615", "raw=0x1", "raw=+1",
            "raw=5 wrap=5",
        ].map { (whole("counter id=a domain=a kind=gpu unit=1 \($0)"), 3, "'raw'") }
        + [
            ("wrap=0", "'wrap'"), ("wrap=18446744073709551615", "'wrap'"), ("at=now", "'at'"),
            ("spread=-1", "'spread'"),
            ("update=3601", "'update'"), ("bound=0", "'bound'"), ("bound=1000001", "'bound'"),
            ("estimate=maybe", "'estimate'"), ("model=\(String(repeating: "m", count: 97))", "'model'"),
        ].map { (whole("counter id=a domain=a kind=gpu unit=1 raw=0 \($0.0)"), 3, $0.1) }
        + [
            ("power id=a domain=a kind=sensor watts=", "'watts'"), ("power id=a domain=a kind=sensor", "'watts'"),
            ("power id=a domain=a kind=sensor watts=1000000.1", "'watts'"),
            ("unreadable id=a domain=a kind=gpu reason=broken", "'reason'"),
            ("unreadable id=a domain=a kind=gpu", "'reason'"),
            ("unreadable id=a domain=a kind=gpu reason=lost text=\(String(repeating: "t", count: 201))", "'text'"),
            ("samples id=a every=1 until=1 watts=1", "after the counter"),
        ].map { (whole($0.0), 3, $0.1) }
        + [
            ("power id=a domain=b kind=gpu watts=1", "has a line already"),
            ("samples id=b every=1 until=1 watts=1", "after the counter"),
            ("samples id=a every=0 until=1 watts=1", "'every'"), ("samples id=a every=1 watts=1", "'until'"),
            ("samples id=a every=1 until=1 watts=", "'watts'"), ("samples id=a every=1 until=1 watts=1,", "'watts'"),
            ("samples id=a every=1 until=1 watts=1,,2", "'watts'"),
            ("samples id=a every=1 until=1 watts=" + String(repeating: "1,", count: 1000) + "1", "'watts'"),
        ].map { (whole("power id=a domain=a kind=gpu watts=1", $0.0), 4, $0.1) }
        + [
            (whole(String(repeating: "#", count: 16_385)), 3, "16 KiB"),
            (whole(lines: Array(repeating: "#", count: 1023)), 1025, "1024 lines"),
            (whole(lines: (0..<65).map { "power id=p\($0) domain=a kind=sensor watts=1" }), 67, "64 devices"),
            (whole(lines: Array(repeating: String(repeating: "#", count: 16_000), count: 5)), 0, "64 KiB"),
        ]

    @Test(arguments: faults)
    func `what is malformed is refused whole, with its line`(text: String, line: Int, words: String) {
        var content = FeedContent()
        let fault = #expect(throws: FeedFault.self) { try content.parse(Array(text.utf8).span) }
        #expect(fault?.line == line)
        #expect(fault?.description.contains(words) ?? false, "\(fault?.description ?? "")")
        #expect(content.entries.isEmpty)
    }

    @Test func `bytes that are no text are refused`() {
        var content = FeedContent()
        let bytes = Array("pyjoules-feed 1\nreader name=a period=1\n# ".utf8) + [0xC3, 0x28] + Array("\nend\n".utf8)
        #expect(throws: FeedFault(.notText, line: 3)) { try content.parse(bytes.span) }
    }

    /// Wherever a feed ends before its end, it is no feed: nothing of it is taken for the whole.
    @Test func `a feed that is cut off anywhere is refused`() {
        let bytes = Array(
            feed("counter id=a domain=a kind=gpu unit=1 raw=1234567", "samples id=a every=1 until=2 watts=1,2").utf8)
        var content = FeedContent()
        for length in 0..<(bytes.count - 1) {
            #expect(throws: FeedFault.self, "\(length)") { try content.parse(Array(bytes[..<length]).span) }
        }
        #expect(throws: Never.self) { try content.parse(Array(bytes.dropLast()).span) }
    }

    @Test(
        arguments: [(0, 3), (5, 3), (9, 2), (10, 2), (14, 2), (16, 1), (20, 1), (26, 0), (30, 0), (31, 0)]
            as [(UInt64, Int)])
    func `samples are new whose time had not half passed`(taken: UInt64, count: Int) {
        let samples = FeedSamples(watts: FeedText(), count: 3, everyNanoseconds: 10, untilNanoseconds: 30)
        #expect(samples.newer(than: taken) == count)
    }

    private func content(_ text: String) throws -> FeedContent {
        var content = FeedContent()
        try content.parse(Array(text.utf8).span)
        return content
    }

    private func string(_ part: FeedText, _ text: String) -> String {
        String(decoding: Array(text.utf8)[part.range], as: UTF8.self)
    }
}

/// A feed with some lines, published once a second.
func feed(_ lines: String...) -> String { whole(lines: lines) }

private func whole(_ lines: String...) -> String { whole(lines: lines) }

private func whole(lines: [String]) -> String {
    (["pyjoules-feed 1", "reader name=test period=1"] + lines + ["end"]).map { $0 + "\n" }.joined()
}
