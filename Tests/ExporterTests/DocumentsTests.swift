import Attribution
import Bytes
import Counters
import HTTP
import Sampling
import Serving
import TestSupport
import Testing

@testable import Exporter
@testable import Kernel

/// JSON and HTML of what the series show.
@Suite struct DocumentsTests {
    private static let second: UInt64 = 1_000_000_000
    private static let begin: UInt64 = 1_000_000_000_000

    @Test func `a step of the history has the mean of what was counted in it`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var machine = try Machine.begun(tree)
            for joules in [5, 5, 7] as [UInt64] { try machine.live(seconds: 1, joules: joules) }
            let json = machine.json(withHistory: true)
            #expect(json.contains("\"step_seconds\":1,"))
            #expect(json.contains("{\"domain\":\"host\",\"watts\":[5,5,7]}"))
            #expect(json.contains("{\"domain\":\"package_0\",\"watts\":[5,5,7]}]}}\n"))
            #expect(!machine.json(withHistory: false).contains("history"))
        }
    }

    /// A tick may come late, and the machine may have been stopped: what was counted then is spread over the steps that it took.
    @Test func `steps that end together have the mean of all`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var machine = try Machine.begun(tree)
            try machine.live(seconds: 1, joules: 4)
            try machine.live(seconds: 3, joules: 18, ticks: 1)
            #expect(machine.json(withHistory: true).contains("{\"domain\":\"package_0\",\"watts\":[4,6,6,6]}"))
        }
    }

    @Test func `a step of which nothing is known has no power, and its energy comes with the next`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            var machine = try Machine.begun(tree)
            try machine.live(seconds: 1, joules: 4)
            try tree.set("energy_uj", of: "intel-rapl:1", to: "garbage\n")
            try machine.live(seconds: 1, joules: 4)
            let json = machine.json(withHistory: true)
            #expect(json.contains("{\"domain\":\"host\",\"watts\":[4,null]}"))
            #expect(json.contains("{\"domain\":\"package_0\",\"watts\":[4,4]}"))
            #expect(json.contains("{\"domain\":\"package_1\",\"watts\":[0,null]}"))
            try tree.setCounter("intel-rapl:1", 6_000_000)
            try machine.live(seconds: 1, joules: 4)
            #expect(machine.json(withHistory: true).contains("{\"domain\":\"package_1\",\"watts\":[0,null,3]}"))
        }
    }

    @Test func `the last 600 steps are kept, and none is shown before its moment`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var machine = try Machine.begun(tree)
            for number in 1...700 as ClosedRange<UInt64> { try machine.live(seconds: 1, joules: number, ticks: 1) }
            let steps = (101...700).map(String.init).joined(separator: ",")
            let shown = "{\"domain\":\"package_0\",\"watts\":[\(steps)]}"
            #expect(machine.json(withHistory: true).contains(shown))
            try machine.tick(joules: 3.0, at: machine.now + DocumentsTests.second)
            let kept = (102...700).map(String.init).joined(separator: ",")
            #expect(
                machine.document(.json(withHistory: true)).contains("{\"domain\":\"package_0\",\"watts\":[\(kept)]}"))
        }
    }

    @Test func `a domain that comes later has no power before`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var machine = try Machine.begun(tree)
            try machine.live(seconds: 2, joules: 8)
            try tree.add("1", "package-1")
            try machine.live(seconds: 60, joules: 240)
            let json = machine.json(withHistory: true)
            #expect(json.contains("{\"domain\":\"package_1\",\"watts\":[null,null,null,"))
            #expect(json.hasSuffix("0,0,0]}]}}\n"))
        }
    }

    @Test func `JSON says what is known and what is not`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var machine = try Machine.begun(tree)
            #expect(
                machine.json().contains("\"watts\":null,\"joules\":0.000000,\"kwh\":0.000000000,\"last_minute\":null}"))
            try machine.live(seconds: 1, joules: 36)
            let json = machine.json()
            #expect(json.hasPrefix("{\"version\":1,\"simulated\":false,\"time\":"))
            #expect(
                json.contains(
                    "\"interval_seconds\":0.1,\"resolution_seconds\":1,\"exporter\":{\"version\":\"\(Build.version)\",")
            )
            #expect(
                json.contains(
                    ",\"host\":{\"watts\":36,\"joules\":36.000000,\"kwh\":0.000010000,\"basis\":\"packages+dram\"}"))
            #expect(
                json.contains(
                    "{\"domain\":\"package_0\",\"kind\":\"package\",\"source\":\"powercap\",\"watts\":36,\"joules\":36.000000,"
                        + "\"kwh\":0.000010000,\"last_minute\":{\"minimum_watts\":36,\"median_watts\":36,\"p99_watts\":36,"
                        + "\"maximum_watts\":36}}"))
            #expect(json.contains(",\"sources\":[{\"source\":\"powercap\",\"up\":true}"))
        }
    }

    @Test func `the page has the same for people`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var machine = try Machine.begun(tree)
            let first = machine.document(.page)
            #expect(
                first.contains(
                    "<data value=\"\">–</data> W now, <data value=\"0\">0.000000</data> kWh since <time datetime=\""))
            #expect(
                first.contains(
                    "<tr><th scope=\"row\">package_0<td>powercap<td>–<td>–<td>–<td>–<td>0.0<td>0.000000</tr>\n"))
            try machine.live(seconds: 1, joules: 36)
            machine.show()
            let page = machine.document(.page)
            #expect(
                page.contains(
                    "<p id=\"total\"><data value=\"36\">36.0</data> W now, <data value=\"0.00001\">0.000010</data> kWh")
            )
            #expect(page.contains("<td>36.0<td>36.0<td>36.0<td>36.0<td>36.0<td>0.000010</tr>\n"))
            #expect(page.contains(" UTC</time> (packages+dram)</p>\n"))
            #expect(page.contains("<a href=\"metrics\">metrics</a>"))
            #expect(!page.contains("<p id=\"simulated\""))
        }
    }

    /// Whatever there is to say, it has room.
    @Test func `no document is longer than it says`() throws {
        var zones: [(String, String)] = []
        for number in 0..<40 { zones.append((String(number), "package-\(number)")) }
        try withPowercapTree([:]) { tree in
            for (number, name) in zones { try tree.add(number, name) }
            var machine = try Machine.begun(tree)
            for number in 1...650 as ClosedRange<UInt64> {
                for (zone, _) in zones { try tree.setCounter("intel-rapl:\(zone)", number * 99_999_999) }
                try machine.tick(joules: 0, at: machine.now + DocumentsTests.second)
            }
            machine.show()
            for document in [.json(withHistory: false), .json(withHistory: true), .page] as [Document] {
                var page = ByteBuffer(capacity: machine.publication.pageBytes(document))
                machine.publication.write(document, selecting: nil, into: &page)
                #expect(page.overflowed == false)
            }
        }
    }
}

/// A machine of which `package-0` uses what it is told to, and what is shown of it.
private struct Machine: ~Copyable {
    var publication: Publication
    private(set) var now: UInt64 = 1_000_000_000_000
    private let tree: PowercapTree
    private var microjoules: UInt64 = 0

    private init(_ publication: consuming Publication, _ tree: PowercapTree) {
        self.publication = publication
        self.tree = tree
    }

    /// One whose first sample is shown.
    static func begun(_ tree: PowercapTree) throws -> Machine {
        let publication = try Harness.publication(
            intervalMilliseconds: 100, resolutionMilliseconds: 1000, sysfs: tree.root)
        var machine = Machine(publication, tree)
        try machine.tick(joules: 0, at: machine.now)
        machine.show()
        return machine
    }

    /// Lives on, with its energy evenly over so many ticks.
    mutating func live(seconds: UInt64, joules: UInt64, ticks wanted: UInt64? = nil) throws {
        let ticks = wanted ?? seconds * 10
        for _ in 0..<ticks {
            try tick(joules: Double(joules) / Double(ticks), at: now + seconds * 1_000_000_000 / ticks)
        }
    }

    mutating func tick(joules: Double, at moment: UInt64) throws {
        now = moment
        if joules > 0 {
            microjoules += UInt64((joules * 1_000_000).rounded())
            try tree.setCounter("intel-rapl:0", microjoules)
        }
        publication.measuring.start(at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
        _ = publication.take(.endedInterval)
    }

    /// Shows what is known now.
    mutating func show() { _ = publication.refresh(ServingFacts(), at: now) }

    mutating func json(withHistory: Bool = false) -> String {
        show()
        return document(.json(withHistory: withHistory))
    }

    mutating func document(_ document: Document) -> String {
        var page = ByteBuffer(capacity: publication.pageBytes(document))
        publication.write(document, selecting: nil, into: &page)
        return page.text()
    }
}

@Suite struct DocumentTextTests {
    @Test(
        arguments: [
            (nil, "null"), (0, "0"), (1, "0.000001"), (1_000_000, "1"), (30_100_000, "30.1"), (10_000_000, "10"),
            (.max, "18446744073709.551615"),
        ] as [(UInt64?, String)])
    func `a number has no zeros at its end`(value: UInt64?, text: String) {
        #expect(written { $0.append(number: value, digits: 6) } == text)
    }

    @Test(
        arguments: [
            (nil, "–"), (0, "0.0"), (49_999, "0.0"), (50_000, "0.1"), (949_999, "0.9"), (950_000, "1.0"),
            (.max, "18446744073709.6"),
        ] as [(UInt64?, String)])
    func `for people it is rounded`(value: UInt64?, text: String) {
        #expect(written { $0.append(value, digits: 6, shown: 1) } == text)
    }

    @Test func `a joule can be told from none in kilowatt-hours`() {
        #expect((1_000_000 as UInt64).nanoKilowattHours == 277)
        #expect((3_600_000_000_000 as UInt64).nanoKilowattHours == 1_000_000_000)
    }

    @Test(arguments: [
        ("plain", "plain"), ("a\"b\\c", "a\\\"b\\\\c"), ("\n\u{1F}\u{0}", "\\u000a\\u001f\\u0000"), ("grün", "grün"),
    ])
    func `what stands in JSON ends no string`(text: String, escaped: String) {
        #expect(written { $0.append(json: text.utf8.span) } == escaped)
    }

    @Test(arguments: [
        ("plain", "plain"), ("<a href='x'>&\"", "&lt;a href=&#39;x&#39;&gt;&amp;&quot;"), ("\t\u{7F}", "??"),
        ("grün", "grün"),
    ])
    func `what stands in HTML ends no element and no attribute`(text: String, escaped: String) {
        #expect(written { $0.append(html: text.utf8.span) } == escaped)
    }

    private func written(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer(capacity: 256)
        write(&buffer)
        return buffer.text()
    }
}

@Suite struct ConsumersTests {
    @Test func `those that used most are there, the highest first`() {
        var generator = SplitMix64(seed: 7)
        let energies = (0..<100).map { _ in generator.next() % 50 }
        var consumers = Consumers()
        for (index, energy) in energies.enumerated() {
            consumers.consider(AttributionSeries.Reading(index: index, kind: 0, microjoules: energy, milliwatts: nil))
        }
        let shown = (0..<consumers.count).map { consumers[$0].microjoules }
        #expect(shown == Array(energies.sorted(by: >).prefix(Consumers.most)))
        #expect(Set((0..<consumers.count).map { consumers[$0].index ?? -1 }).count == Consumers.most)
    }

    @Test func `those that used nothing are not`() {
        var consumers = Consumers()
        consumers.consider(AttributionSeries.Reading(index: 1, kind: 0, microjoules: 0, milliwatts: nil))
        #expect(consumers.count == 0)
    }
}

@Suite struct AttributedPowerTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `it is the mean between two moments that were shown`() {
        var power = AttributedPower(places: 2, kinds: 2)
        #expect(power.milliwatts(0, 0) == nil && power.milliwatts(nil, 1) == nil)
        power.begin(at: 10 * Self.second)
        power.take(5_000_000, after: nil, 0, 0)
        #expect(power.milliwatts(0, 0) == nil)
        power.begin(at: 12 * Self.second)
        power.take(9_000_000, after: 5_000_000, 0, 0)
        power.take(1_000_000, after: 0, nil, 1)
        #expect(power.milliwatts(0, 0) == 2000 && power.milliwatts(nil, 1) == 500)
        #expect(power.milliwatts(1, 0) == nil && power.milliwatts(0, 1) == nil && power.milliwatts(nil, 0) == nil)
        // Nothing was shared out since: what was known stays.
        power.begin(at: 12 * Self.second)
        power.take(9_000_000, after: 9_000_000, 0, 0)
        #expect(power.milliwatts(0, 0) == 2000)
    }

    @Test func `after a long time, or where a total falls, it is not known`() {
        var power = AttributedPower(places: 1, kinds: 1)
        power.begin(at: Self.second)
        power.begin(at: 62 * Self.second)
        power.take(9_000_000, after: 5_000_000, 0, 0)
        #expect(power.milliwatts(0, 0) == nil)
        power.begin(at: 63 * Self.second)
        power.take(4_000_000, after: 5_000_000, 0, 0)
        #expect(power.milliwatts(0, 0) == nil)
    }
}
