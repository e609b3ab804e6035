import Counters
import Kernel
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// Sensors of hwmon with their accounts: energy from counters and, with gaps, from power.
@Suite struct HwmonSamplingTests {
    @Test func `energy counters are counted, and power is integrated`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "1000\n", "power2_input": "5000000\n"])
            var sampler = Sampling(.hwmon(tree.root))
            sampler.tick()
            let (begin, read) = (sampler.lastPassNanoseconds, Clock.monotonicNanoseconds())
            try tree.set("hwmon0/energy1_input", to: "4000\n")
            wait(milliseconds: 5)
            sampler.tick()
            #expect(sampler.accounts.map(\.domain.tag) == ["ina_energy1", "ina_power2"])
            #expect(sampler.accounts[0].totalMicrojoules == 3_000)
            // 5 W are 5 uJ in each thousand nanoseconds between the two readings.
            let shortest = sampler.lastPassNanoseconds - read
            let longest = Clock.monotonicNanoseconds() - begin
            #expect(sampler.accounts[1].totalMicrojoules >= shortest / 200)
            #expect(sampler.accounts[1].totalMicrojoules <= longest / 200)
            let power = try #require(sampler.accounts[1].powerMicrowatts)
            #expect(abs(Int(power) - 5_000_000) < 1_000, "whole microjoules over milliseconds")
            #expect(sampler.accounts.map(\.accountant.gaps) == [0, 0])
            #expect(sampler.hostBasis == nil, "sensors may lie inside one another")
            #expect(sampler.longestIntervalNanoseconds > 31_536_000_000_000_000, "a year and more")
        }
    }

    @Test func `time without readings of power is one gap, without power and without energy`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "5000000\n"])
            var sampler = Sampling(.hwmon(tree.root))
            sampler.tick()
            sampler.tick()
            for round in 1...3 as ClosedRange<UInt64> {
                let total = sampler.accounts[0].totalMicrojoules
                try tree.set("hwmon0/power1_input", to: "")
                for _ in 0..<4 {
                    sampler.tick()
                    #expect(sampler.accounts[0].powerMicrowatts == nil)
                    #expect(sampler.accounts[0].accountant.gaps == round - 1)
                }
                wait(milliseconds: 1)
                try tree.set("hwmon0/power1_input", to: "5000000\n")
                sampler.tick()
                #expect(sampler.accounts[0].accountant.gaps == round)
                #expect(sampler.accounts[0].totalMicrojoules == total)
                #expect(sampler.accounts[0].powerMicrowatts == nil, "nothing is known of the time before")
                wait(milliseconds: 1)
                sampler.tick()
                #expect(sampler.accounts[0].accountant.gaps == round)
                #expect(sampler.accounts[0].totalMicrojoules > total)
                #expect(sampler.accounts[0].powerMicrowatts ?? 0 > 4_900_000)
            }
            #expect(sampler.accounts[0].failureCount(.empty) == 12)
        }
    }

    /// Each reading that failed after a gap was once counted as one more gap.
    @Test func `power that can be read every other time is a gap each time`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "5000000\n"])
            var sampler = Sampling(.hwmon(tree.root))
            sampler.tick()
            for round in 1...3 as ClosedRange<UInt64> {
                try tree.set("hwmon0/power1_input", to: "")
                for _ in 0..<3 { sampler.tick() }
                #expect(sampler.accounts[0].accountant.gaps == round - 1)
                try tree.set("hwmon0/power1_input", to: "5000000\n")
                sampler.tick()
                #expect(sampler.accounts[0].accountant.gaps == round)
                #expect(sampler.accounts[0].totalMicrojoules == 0)
                #expect(sampler.accounts[0].powerMicrowatts == nil)
            }
        }
    }

    @Test func `failures of an energy counter are no gaps`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "900\n"])
            var sampler = Sampling(.hwmon(tree.root))
            sampler.tick()
            try tree.set("hwmon0/energy1_input", to: "1000\n")
            sampler.tick()
            try tree.set("hwmon0/energy1_input", to: "garbage\n")
            sampler.tick()
            try tree.set("hwmon0/energy1_input", to: "1500\n")
            sampler.tick()
            #expect(sampler.accounts[0].totalMicrojoules == 600)
            #expect(sampler.accounts[0].accountant.gaps == 0)
            #expect(sampler.accounts[0].powerMicrowatts != nil)
        }
    }

    /// 64 bits never end: a counter that steps back has begun anew.
    @Test func `an energy counter that steps back is a reset`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "1000\n"])
            var sampler = Sampling(.hwmon(tree.root, time: .replay))
            var moment = Moment.now()
            sampler.tick(at: moment)
            try tree.set("hwmon0/energy1_input", to: "30\n")
            sampler.tick(at: moment)
            #expect(sampler.accounts[0].totalMicrojoules == 0)
            sampler.decide(from: &moment)
            #expect(sampler.accounts[0].totalMicrojoules == 30)
            #expect(sampler.accounts[0].accountant.resets == 1)
            #expect(sampler.accounts[0].accountant.wraps == 0)
        }
    }

    @Test func `a sensor that is too slow keeps its total, and is neither read nor counted as an error again`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "corsairpsu", ["energy1_input": "1000\n", "energy2_input": "0\n"])
            var sources = Sources.hwmon(tree.root)
            _ = sources.hwmon.take(0, .counter(1000), from: 0, to: 600_000_000, boundMicrowatts: 1)
            var sampler = Sampling(sources)
            let layout = sampler.layoutGeneration
            // Found between two ticks, it has no power either.
            sampler.refresh()
            for _ in 0..<3 { sampler.tick() }
            try tree.set("hwmon0/energy1_input", to: "9000\n")
            sampler.tick()
            #expect(sampler.accounts.map(\.failure) == [.slow, nil])
            #expect(sampler.accounts[0].failureCount(.slow) == 1)
            #expect(sampler.accounts[0].powerMicrowatts == nil)
            #expect(sampler.accounts[0].totalMicrojoules == 0)
            #expect(sampler.zones.map(\.role) == [.slow, .counted])
            #expect(sampler.zones[0].reason == "a reading took 0.60 s")
            #expect(sampler.layoutGeneration == layout + 1)
            #expect(sampler.isReady == false || sampler.accounts[1].hasBeenRead)
        }
    }

    /// A sensor's reading lies this far apart, so that it has energy.
    private func wait(milliseconds: UInt64) {
        let begin = Clock.monotonicNanoseconds()
        while Clock.monotonicNanoseconds() - begin < milliseconds * 1_000_000 {}
    }
}
