import TestSupport
import Testing

@testable import Attribution

private let whole = """
    cpu  100 20 30 4000 50 6 7 80 9 10
    cpu0 50 10 15 2000 25 3 3 40 4 5
    cpu1 50 10 15 2000 25 3 4 40 5 5
    intr 123 0 1
    ctxt 99

    """

private func read(_ text: String) -> ProcessorTimes? {
    ProcessorTimes(procStat: Array(text.utf8).span)
}

@Suite struct ProcessorTimesTests {
    @Test func `idle, waiting and stolen time are the rest, and processors are counted`() throws {
        let times = try #require(read(whole))
        #expect(times.restTicks == 4000 + 50 + 80)
        #expect(times.processors == 2)
    }

    @Test func `any set of processors has its own signature`() {
        var seen = Set<UInt64>()
        for set in 1..<4096 {
            let lines = (0..<12).filter { set >> $0 & 1 == 1 }.map { "cpu\($0) 1 1\n" }.joined()
            seen.insert(read("cpu 1 1 1 1 1 1 1 1\n" + lines + "intr")?.signature ?? 0)
        }
        #expect(seen.count == 4095)
        #expect(
            read("cpu 1 1 1 1 1 1 1 1\ncpu1 \ncpu0 \ni")?.signature
                == read("cpu 1 1 1 1 1 1 1 1\ncpu0 \ncpu1 \ni")?.signature)
    }

    /// What is cut in a line of a processor must not look like a machine with fewer of them.
    @Test func `a file that is cut is either read as it is whole, or not at all`() throws {
        let expected = try #require(read(whole))
        let start = try #require(whole.utf8.firstIndex(of: UInt8(ascii: "i")))
        let enough = whole.utf8.distance(from: whole.startIndex, to: start)
        for length in 0...whole.utf8.count {
            let cut = Array(whole.utf8.prefix(length))
            #expect(ProcessorTimes(procStat: cut.span) == (length > enough ? expected : nil), "\(length)")
        }
    }

    @Test(arguments: [
        "", "\n", "cpu\n", "cpu  \n", "cpu0 1 2 3 4 5 6 7 8\nintr", "cpu 1 2 3 4 5 6 7\ncpu0 1\nintr",
        "cpu 1 2 3 4 5 6 7 x\ncpu0 1\nintr", "cpu 1 2 3 -4 5 6 7 8\ncpu0 1\nintr", "cpu 1 2 3 4 5 6 7 8\nintr 5\n",
        "cpu 1 2 3 18446744073709551616 5 6 7 8\ncpu0 1\nintr", "cpu 1 2 3 4 5 6 7 8\ncpux 1\nintr",
        "cpu 1 2 3 4 5 6 7 8\ncpu0 1\ncpu 1\nintr", "cpu\t1 2 3 4 5 6 7 8\ncpu0 1\nintr",
        "disk 1 2 3 4 5 6 7 8\ncpu0 1\nintr",
    ])
    func `what is no such file is refused`(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test func `the largest numbers do not overflow`() {
        let most = UInt64.max
        #expect(read("cpu 1 2 3 \(most) \(most) 6 7 \(most)\ncpu\(most) 1\nintr")?.restTicks == most)
    }

    @Test func `bytes that are changed are read without a fault`() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<20000 {
            var bytes = Array(whole.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let times = ProcessorTimes(procStat: bytes.span) { #expect(times.processors > 0) }
        }
    }
}
