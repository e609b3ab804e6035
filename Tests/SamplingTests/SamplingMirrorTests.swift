import Accounts
import Counters
import Sources
import TestSupport
import Testing

@testable import Sampling

/// Dies in a tree of files, counted by a sampling.
@Suite struct SamplingMirrorTests {
    private static let dies: KeyValuePairs = [
        "0": "package-0-die-0", "0:0": "dram", "1": "package-0-die-1", "1:0": "dram",
    ]

    @Test func `of two dies that show one counter one is counted, and the machine is right`() throws {
        try withDies { tree, sampler in
            for tick in 1...70 as ClosedRange<UInt64> {
                for entry in ["intel-rapl:0", "intel-rapl:1"] { try tree.setCounter(entry, 5_000_000 + tick * 1_000) }
                sampler.tick()
                #expect(sampler.accounts.map(\.isMirror) == [false, false, true, false])
                #expect(sampler.accounts[0].totalMicrojoules == (tick - 1) * 1_000)
                #expect(!sampler.accounts[2].hasBeenRead)
                #expect(sampler.accounts[2].powerMicrowatts == nil)
                #expect(sampler.hostMicrojoules == (tick - 1) * 1_000)
            }
            try tree.setCounter("intel-rapl:0", 6_000_000)
            try tree.setCounter("intel-rapl:1", 6_000_000)
            sampler.refresh()
            #expect(!sampler.accounts[2].hasBeenRead, "a refresh leaves a mirror alone")
            #expect(sampler.hostMicrojoules == 999_000)
            let suspects = sampler.suspects
            #expect(suspects == [2: Domain(kind: .package, socket: 0, die: 0)])
        }
    }

    @Test func `dies that happened to show the same are counted as soon as they have differed three times`() throws {
        try withDies { tree, sampler in
            sampler.tick()
            #expect(sampler.accounts[2].isMirror)
            var tick: UInt64 = 1
            while sampler.accounts[2].isMirror, tick < 100 {
                try tree.setCounter("intel-rapl:0", tick * 1_000)
                try tree.setCounter("intel-rapl:1", tick * 700)
                sampler.tick()
                tick += 1
            }
            #expect(tick == 65, "comparisons are made at the ticks 0, 1, 2 and 64")
            #expect(sampler.accounts[2].hasBeenRead)
            #expect(sampler.accounts[2].totalMicrojoules == 0)
            try tree.setCounter("intel-rapl:0", 65_000)
            try tree.setCounter("intel-rapl:1", 64 * 700 + 500)
            sampler.tick()
            #expect(sampler.accounts[2].totalMicrojoules == 500)
            #expect(sampler.accounts[2].powerMicrowatts ?? 0 > 0)
            #expect(sampler.hostMicrojoules == 65_000 + 500)
        }
    }

    /// Two readings of the first comparisons failed, so that nothing could be decided then.
    @Test func `a mirror that is found later keeps what it had counted, and the machine never loses`() throws {
        try withDies { tree, sampler in
            try tree.setCounter("intel-rapl:1", 900)
            var host: UInt64 = 0
            for tick in 0..<200 as Range<UInt64> {
                try tree.setCounter("intel-rapl:0", 1_000 + tick * 10)
                try tree.setCounter("intel-rapl:1", tick == 0 ? 900 : 1_000 + tick * 10)
                sampler.tick()
                #expect(sampler.hostMicrojoules >= host)
                host = sampler.hostMicrojoules
                // Agreements at the ticks 1, 2 and 64.
                #expect(sampler.accounts[2].isMirror == (tick >= 64))
            }
            #expect(sampler.accounts[2].totalMicrojoules == 100 + 63 * 10)
            #expect(sampler.hostMicrojoules == 199 * 10 + 100 + 63 * 10)
        }
    }

    @Test func `dies with counters of their own are both counted`() throws {
        try withDies { tree, sampler in
            try tree.setCounter("intel-rapl:1", 123_456)
            for tick in 0..<200 as Range<UInt64> {
                try tree.setCounter("intel-rapl:0", tick * 1_000)
                try tree.setCounter("intel-rapl:1", 123_456 + tick * 1_001)
                sampler.tick()
                #expect(!sampler.accounts[2].isMirror)
            }
            #expect(sampler.hostMicrojoules == 199 * 1_000 + 199 * 1_001)
        }
    }

    @Test func `a die that cannot be read is no mirror`() throws {
        try withDies { tree, sampler in
            try tree.set("energy_uj", of: "intel-rapl:1", to: "")
            for _ in 0..<70 { sampler.tick() }
            #expect(!sampler.accounts[2].isMirror)
            #expect(sampler.accounts[2].failureCount(.empty) == 70)
        }
    }

    private func withDies(_ body: (PowercapTree, inout Sampling) throws -> Void) throws {
        try withPowercapTree(Self.dies) { tree in
            var sampler = Sampling(.powercap(tree.root, .amd))
            try body(tree, &sampler)
        }
    }
}
