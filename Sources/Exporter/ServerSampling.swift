import Energy
import Kernel
import Metrics

/// From the timer to the accounts.
extension Server {
    /// Serves the timer: a late loop finds more than one expiration, and says so.
    mutating func tick() throws(SystemError) {
        let elapsed = try timer.takeExpirations()
        guard elapsed > 0 else { return }
        expirations += elapsed
        counters.missedTicks += elapsed - 1
        let due = timer.firstNanoseconds + (expirations - 1) * timer.intervalNanoseconds
        let now = Clock.monotonicNanoseconds()
        lateness.record(nanoseconds: now > due ? now - due : 0)
        sample()
        manager.ticked(counters, nanoseconds: now)
    }

    /// Reads all counters and ends a measurement interval.
    mutating func sample() {
        sampler.tick()
        ledger?.write(sampler)
        power.record(sampler)
        reviver.review(&sampler, nanoseconds: sampler.lastPassNanoseconds, log)
        report(nanoseconds: sampler.lastPassNanoseconds)
    }

    /// Says in the log what a pass over the counters brought to light.
    private mutating func report(nanoseconds now: UInt64) {
        health.review(sampler, nanoseconds: now, log)
        anomalies.review(sampler, nanoseconds: now, log)
    }

    /// Ticks are further apart than the counters bear.
    var needsPassesBetweenTicks: Bool { timer.intervalNanoseconds > sampler.longestIntervalNanoseconds }

    /// Reads the counters between two ticks before it is too late to know what they did; asked once a second.
    mutating func refreshIfOverdue(nanoseconds now: UInt64) {
        guard needsPassesBetweenTicks else { return }
        if now + Server.sweepNanoseconds > sampler.lastPassNanoseconds + sampler.longestIntervalNanoseconds {
            refresh(nanoseconds: now)
        }
    }

    /// Brings the totals up to date for a scrape, if the latest reading is older than one interval or than a second.
    mutating func refreshIfStale(nanoseconds now: UInt64) {
        let age = now - min(now, sampler.lastPassNanoseconds)
        if age > min(timer.intervalNanoseconds, 1_000_000_000) { refresh(nanoseconds: now) }
    }

    private mutating func refresh(nanoseconds now: UInt64) {
        sampler.refresh()
        ledger?.write(sampler)
        report(nanoseconds: now)
    }
}
