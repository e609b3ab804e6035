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
        if endsInterval(nanoseconds: now) { sample() } else { refresh(nanoseconds: now) }
        manager.ticked(counters, nanoseconds: now)
    }

    /// The tick after a late one can come at once. Counters move in steps of a millisecond, so that power over a fraction of an
    /// interval would be mostly such steps: a peak that never was.
    private func endsInterval(nanoseconds now: UInt64) -> Bool {
        guard let last = sampler.lastTickNanoseconds else { return true }
        return now >= last + timer.intervalNanoseconds / 2
    }

    /// Reads all counters and ends a measurement interval.
    mutating func sample() {
        sampler.tick()
        ledger?.write(sampler)
        power.record(sampler)
        if reviver.review(&sampler, nanoseconds: sampler.lastPassNanoseconds, log) { renameZones() }
        report(nanoseconds: sampler.lastPassNanoseconds)
    }

    /// Shows zones that came back under the names that they have now. All series are declared anew, which leaves the energy's as
    /// they are.
    private mutating func renameZones() {
        var renamed = facts
        for index in sampler.accounts.indices {
            if let name = sampler.zoneName(index) { renamed.zones[index].zone = name }
        }
        var catalog = SeriesCatalog(renamed)
        for exposition in Exposition.allCases
        where catalog.registry.longestPageBytes(exposition) > responses.pages.capacity(exposition) { return }
        if let sandbox { catalog.publish(sandbox) }
        facts = renamed
        self.catalog = catalog
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
