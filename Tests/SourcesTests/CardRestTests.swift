import Counters
import TestSupport
import Testing

@testable import Sources

/// A card that may sleep is left alone for long enough to do so, again and again.
@Suite struct CardRestTests {
    private let near = "0000:03:00.0"
    private let second: UInt64 = 1_000_000_000

    @Test func `a card is read for half a minute, and then left alone for longer than it takes to fall asleep`() throws
    {
        try withCard(delay: "5000") { _, source in
            #expect(turns(&source, 0...68) == [0...29, 38...67])
        }
    }

    @Test(arguments: [("on", "5000"), ("auto", "-1"), ("auto", nil)] as [(String, String?)])
    func `a card that is kept awake is read all the time`(control: String, delay: String?) throws {
        try withCard(control: control, delay: delay) { _, source in
            #expect(turns(&source, 0...100) == [0...100])
        }
    }

    @Test(arguments: [(0, 0.5), (1000, 2), (10_000, 15.5), (60_000, 30), (UInt64.max, 30)] as [(UInt64, Double)])
    func `the time is longer than the delay, and half a minute at most`(delay: UInt64, seconds: Double) {
        #expect(CardRest.nanoseconds(delayMilliseconds: delay) == UInt64(seconds * 1e9))
    }

    @Test func `a card that has woken is read when it stays awake`() throws {
        try withCard(delay: "1000") { tree, source in
            _ = turns(&source, 0...3)
            try tree.setStatus(1, "suspended")
            #expect(readings(&source, 4...20).allSatisfy { $0 == .failure(.asleep) })
            // Somebody looks at it, and it sleeps again.
            try tree.setStatus(1, "active")
            #expect(readings(&source, 21...22) == [nil, nil])
            try tree.setStatus(1, "suspended")
            #expect(readings(&source, 23...24) == [.failure(.asleep), .failure(.asleep)])
            try tree.setStatus(1, "active")
            #expect(readings(&source, 25...28) == [nil, nil, .counter(5), .counter(5)])
        }
    }

    private func withCard(
        control: String = "auto", delay: String?, _ body: (HwmonTree, inout HwmonSource) throws -> Void
    ) throws {
        try withHwmonTree { tree in
            var device = ["power/control": control + "\n"]
            if let delay { device["power/autosuspend_delay_ms"] = delay + "\n" }
            try tree.addCard(1, "xe", at: near, device: device, ["energy1_input": "5\n"])
            var source = try HwmonSource(opening: HwmonDiscovery(sysfs: tree.root).sensors)
            try body(tree, &source)
        }
    }

    /// What is read in each of some seconds; nil where the card is left alone.
    private func readings(_ source: inout HwmonSource, _ seconds: ClosedRange<UInt64>) -> [Reading?] {
        var readings: [Reading?] = []
        for moment in seconds {
            guard !source.isResting(0, at: moment * second) else {
                readings.append(nil)
                continue
            }
            let shown = source.show(0)
            readings.append(
                source.take(0, shown, from: moment * second, to: moment * second, boundMicrowatts: 100_000_000))
        }
        return readings
    }

    /// The seconds in which it is read, in runs.
    private func turns(_ source: inout HwmonSource, _ seconds: ClosedRange<UInt64>) -> [ClosedRange<UInt64>] {
        var runs: [ClosedRange<UInt64>] = []
        for (moment, reading) in zip(seconds, readings(&source, seconds)) where reading != nil {
            if let last = runs.last, last.upperBound + 1 == moment {
                runs[runs.count - 1] = last.lowerBound...moment
            } else {
                runs.append(moment...moment)
            }
        }
        return runs
    }
}
