import Energy
import TestSupport
import Testing

@Suite struct CounterAccountantTests {
    @Test func `the first reading is where counting starts`() {
        var accountant = CounterAccountant(modulus: 1000)
        #expect(accountant.note(900) == true)
        #expect(accountant.totalMicrojoules == 0)
        #expect(accountant.wraps == 0)
    }

    @Test func `a counter that advances adds what it advanced`() {
        var accountant = accountant(modulus: 1000, after: [100, 350])
        #expect(accountant.totalMicrojoules == 250)
        #expect(accountant.note(350) == true)
        #expect(accountant.totalMicrojoules == 250)
        #expect(accountant.wraps == 0)
    }

    @Test func `a counter that wraps adds what lies on both sides`() {
        let accountant = accountant(modulus: 1000, after: [990, 5])
        #expect(accountant.totalMicrojoules == 15)
        #expect(accountant.wraps == 1)
    }

    @Test func `a counter may wrap to 0, from its last value, and by all but one`() {
        #expect(accountant(modulus: 1000, after: [999, 0]).totalMicrojoules == 1)
        #expect(accountant(modulus: 1000, after: [1, 0]).totalMicrojoules == 999)
        #expect(accountant(modulus: 1000, after: [1, 0]).wraps == 1)
        #expect(accountant(modulus: 1000, after: [0, 999]).wraps == 0)
    }

    @Test(arguments: [1000, 1001, UInt64.max] as [UInt64])
    func `a reading beyond the range changes nothing`(raw: UInt64) {
        var accountant = accountant(modulus: 1000, after: [990])
        #expect(accountant.note(raw) == false)
        #expect(accountant.totalMicrojoules == 0)
        #expect(accountant.note(5) == true)
        #expect(accountant.totalMicrojoules == 15, "counting goes on from the last good reading")
        #expect(accountant.wraps == 1)
    }

    @Test func `a reading beyond the range is no start of counting`() {
        let accountant = accountant(modulus: 1000, after: [5000, 200, 300])
        #expect(accountant.totalMicrojoules == 100)
    }

    @Test func `a counter of one value never counts`() {
        var accountant = accountant(modulus: 1, after: [0, 0, 0])
        #expect(accountant.totalMicrojoules == 0)
        #expect(accountant.note(1) == false)
    }

    /// A counter that is driven by steps below its modulus, which is all that can be known of one, is followed exactly.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `over a random walk the total is the sum of the steps`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        // Below 2^52, so that the sum of all steps stays below 2^64 as it does on real machines for ever.
        let modulus = max(1, random.nextOfAnySize() >> 12)
        var model = CounterModel(modulus: modulus, position: UInt64.random(in: 0..<modulus, using: &random))
        var accountant = CounterAccountant(modulus: modulus)
        #expect(accountant.note(model.position) == true)
        for _ in 0..<500 {
            if random.next() % 8 == 0 {
                #expect(accountant.note(UInt64.random(in: modulus...UInt64.max, using: &random)) == false)
            } else {
                model.advance(by: step(below: modulus, &random))
                #expect(accountant.note(model.position) == true)
            }
            #expect(accountant.totalMicrojoules == model.total)
            #expect(accountant.wraps == model.wraps)
        }
    }

    /// Steps of every size, the extremes more often than chance would bring them.
    private func step(below modulus: UInt64, _ random: inout SplitMix64) -> UInt64 {
        switch random.next() % 8 {
        case 0: 0
        case 1: modulus - 1
        case 2: min(1, modulus - 1)
        case 3: random.nextOfAnySize() % modulus
        default: UInt64.random(in: 0..<modulus, using: &random)
        }
    }

    private func accountant(modulus: UInt64, after readings: [UInt64]) -> CounterAccountant {
        var accountant = CounterAccountant(modulus: modulus)
        for reading in readings { _ = accountant.note(reading) }
        return accountant
    }
}

/// What the hardware does, and the truth about it.
private struct CounterModel {
    let modulus: UInt64
    var position: UInt64
    var total: UInt64 = 0
    var wraps: UInt64 = 0

    mutating func advance(by step: UInt64) {
        total += step
        if position + step >= modulus { wraps += 1 }
        position = (position + step) % modulus
    }
}
