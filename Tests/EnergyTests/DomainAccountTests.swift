import Testing

@testable import Energy

@Suite struct DomainAccountTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `power is unknown until there are two ticks`() {
        var account = account()
        #expect(account.powerMicrowatts == nil)
        tick(&account, .microjoules(500), second: 1)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 0)
        tick(&account, .microjoules(500), second: 2)
        #expect(account.powerMicrowatts == 0)
    }

    @Test func `power is the average over the measured interval`() {
        var account = account()
        tick(&account, .microjoules(0), second: 1)
        tick(&account, .microjoules(20_000_000), second: 2)
        #expect(account.powerMicrowatts == 20_000_000)
        tick(&account, .microjoules(50_000_000), second: 5)
        #expect(account.powerMicrowatts == 10_000_000)
        #expect(account.totalMicrojoules == 50_000_000)
    }

    @Test func `power counts across a wrap`() {
        var account = account(modulus: 1000)
        tick(&account, .microjoules(900), second: 1)
        tick(&account, .microjoules(100), second: 2)
        #expect(account.powerMicrowatts == 200)
        #expect(account.wraps == 1)
    }

    @Test func `a reading between ticks moves the total and not the power`() {
        var account = account()
        tick(&account, .microjoules(0), second: 1)
        tick(&account, .microjoules(100), second: 2)
        account.note(.microjoules(150))
        #expect(account.totalMicrojoules == 150)
        #expect(account.powerMicrowatts == 100)
        tick(&account, .microjoules(400), second: 3)
        #expect(account.powerMicrowatts == 300)
    }

    @Test func `a tick at the time of the last one leaves the power as it is`() {
        var account = account()
        tick(&account, .microjoules(0), second: 1)
        tick(&account, .microjoules(100), second: 2)
        tick(&account, .microjoules(100), second: 2)
        #expect(account.powerMicrowatts == 100)
    }

    @Test(arguments: ReadFailure.allCases)
    func `a failure is counted by its reason, hides the power and keeps the total`(reason: ReadFailure) {
        var account = account()
        tick(&account, .microjoules(0), second: 1)
        tick(&account, .microjoules(100), second: 2)
        tick(&account, .failure(reason), second: 3)
        tick(&account, .failure(reason), second: 4)
        #expect(account.failure == reason)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 100)
        for other in ReadFailure.allCases {
            #expect(account.failureCount(other) == (other == reason ? 2 : 0))
        }
    }

    @Test func `after failures the power is the true average since the last good tick`() {
        var account = account()
        tick(&account, .microjoules(0), second: 1)
        tick(&account, .microjoules(100), second: 2)
        tick(&account, .failure(.driverError), second: 3)
        tick(&account, .failure(.empty), second: 4)
        tick(&account, .microjoules(400), second: 5)
        #expect(account.failure == nil)
        #expect(account.powerMicrowatts == 100)
        #expect(account.totalMicrojoules == 400)
        #expect(account.failureCount(.driverError) == 1)
        #expect(account.failureCount(.empty) == 1)
    }

    @Test func `a failure between ticks does not hide the power, and a success there does not bring it back`() {
        var account = account()
        tick(&account, .microjoules(0), second: 1)
        tick(&account, .microjoules(100), second: 2)
        account.note(.failure(.other))
        #expect(account.failure == .other)
        #expect(account.powerMicrowatts == 100)
        tick(&account, .failure(.other), second: 3)
        account.note(.microjoules(200))
        #expect(account.failure == nil)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 200)
    }

    @Test func `a zone that fails from the start counts nothing until it is read`() {
        var account = account()
        tick(&account, .failure(.driverError), second: 1)
        tick(&account, .microjoules(700), second: 2)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 0)
        tick(&account, .microjoules(800), second: 3)
        #expect(account.powerMicrowatts == 100)
    }

    @Test func `a number beyond the counter's range is garbage`() {
        var account = account(modulus: 1000)
        tick(&account, .microjoules(0), second: 1)
        tick(&account, .microjoules(1000), second: 2)
        #expect(account.failure == .garbage)
        #expect(account.failureCount(.garbage) == 1)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 0)
    }

    private func account(modulus: UInt64 = 1_000_000_000) -> DomainAccount {
        DomainAccount(domain: Domain(kind: .package, socket: 0), modulus: modulus)
    }

    private func tick(_ account: inout DomainAccount, _ reading: Reading, second: UInt64) {
        account.note(reading)
        account.endInterval(atNanoseconds: second * Self.second)
    }
}
