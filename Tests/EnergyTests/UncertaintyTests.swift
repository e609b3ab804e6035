import Testing

@testable import Energy

@Suite struct UncertaintyTests {
    @Test(arguments: [
        // 100 W x 2 x 0.976562 ms = 195 312.4 uJ, rounded up, and 2 x 61 uJ.
        [100_000_000, 61, 195_435],
        [50_000_000, 15, 97_687],
        [0, 61, 122],
        [1, 1, 3],
        [1_000_000_000, 0, 1_953_124],
    ])
    func `the bound is the energy of two update periods and two units`(row: [UInt64]) {
        #expect(Uncertainty.microjoules(meanMicrowatts: row[0], unitMicrojoules: row[1]) == row[2])
    }

    @Test func `power beyond any machine's does not trap`() {
        #expect(Uncertainty.microjoules(meanMicrowatts: .max, unitMicrojoules: 61) == .max)
    }

    @Test(arguments: [
        // Energy status units of 14 (61 uJ) and 16 (15.26 uJ), and what a test or the model has.
        [262_143_328_911, 61], [65_532_611_002, 15], [100_000_000, 1], [1, 1], [3 << 31, 2],
    ])
    func `the unit follows from the modulus`(row: [UInt64]) {
        let account = DomainAccount(domain: Domain(kind: .package, socket: 0), modulus: row[0])
        #expect(account.unitMicrojoules == row[1])
    }
}
