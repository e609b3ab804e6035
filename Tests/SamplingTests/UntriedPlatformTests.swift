import Counters
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling

/// perf's psys, which the kernel shows on some processors without having tried it.
@Suite struct UntriedPlatformTests {
    @Test func `beside packages that move it is no counter before it has moved`() {
        var machine = Machine()
        var changes = 0
        for _ in 0..<30 where machine.pass(package: 1_000, psys: 0) { changes += 1 }
        #expect(changes == 1, "the machine is told by its packages then")
        #expect(Trust.isUntried(machine.accounts[1]))
        #expect(machine.trust.host.platformFault == .standsStill)
        #expect(machine.trust.host.basis == .packagesAndDram)
        #expect(machine.trust.host.totalMicrojoules == 29_000)
        #expect(machine.trust.movement(of: .perf) == .moves)
        let changesLayout = machine.pass(package: 1_000, psys: 5_000)
        #expect(changesLayout, "its series are shown from now on")
        #expect(!Trust.isUntried(machine.accounts[1]))
    }

    @Test func `what an earlier run counted of it is enough`() {
        var machine = Machine()
        machine.accounts[1].restore(
            CounterAccountant(
                modulus: 1 << 40, boundMicrowatts: 1_000_000, totalMicrojoules: 7, wraps: 0, resets: 0, gaps: 0,
                last: nil))
        #expect(!Trust.isUntried(machine.accounts[1]))
    }

    @Test func `powercap's psys is shown whether it moves or not`() {
        let account = DomainAccount(.of(Domain(kind: .psys, socket: 0), modulus: 1 << 40))
        #expect(!Trust.isUntried(account))
    }

    /// A package and the platform, by perf.
    private struct Machine {
        var accounts = [DomainKind.package, .psys].map { kind in
            DomainAccount(.of(Domain(kind: kind, socket: 0), source: .perf, modulus: 1 << 40))
        }
        var trust = Trust()
        private var counters: [UInt64] = [0, 0]
        private var seconds: UInt64 = 60

        init() { follow() }

        private mutating func follow() {
            trust.follow(accounts, [], givenUp: SourceKinds(), kept: HostTotal.Kept())
        }

        /// Returns whether other series are shown than before.
        mutating func pass(package: UInt64, psys: UInt64) -> Bool {
            seconds += 1
            let now = seconds * 1_000_000_000
            for (index, move) in [package, psys].enumerated() {
                counters[index] += move
                accounts[index].take(
                    .counter(counters[index]), at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
            }
            _ = trust.watch(accounts, at: now)
            let isOther = trust.take(accounts, at: now)
            if isOther { follow() }
            return isOther
        }
    }
}
