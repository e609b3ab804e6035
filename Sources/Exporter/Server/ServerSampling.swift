import Counters
import Kernel
import Metrics
import Sampling
import Sources

/// From the timer to the accounts.
extension Server {
    /// Serves the timer: a late loop finds more than one expiration, and says so.
    mutating func tick() throws(SystemError) {
        let elapsed = try timer.takeExpirations()
        guard elapsed > 0 else { return }
        expirations += elapsed
        counters.missedTicks += elapsed - 1
        let due = timer.firstNanoseconds + (expirations - 1) * timer.intervalNanoseconds
        let moment = Moment.now()
        let now = moment.monotonicNanoseconds
        lateness.record(nanoseconds: now > due ? now - due : 0)
        sample(at: moment)
        manager.ticked(counters, nanoseconds: now)
    }

    /// Reads all counters and, unless the last one ended just now, ends a measurement interval.
    mutating func sample(at moment: Moment) {
        let layout = sampler.layoutGeneration
        if sampler.pass(at: moment, every: timer.intervalNanoseconds) { power.record(sampler) }
        if sampler.layoutGeneration != layout { layOutAnew() }
        report(at: moment)
    }

    /// Shows counters that came back or appeared under the names that they have now. All series are declared anew, which leaves the
    /// energy's as they are.
    private mutating func layOutAnew() {
        var renamed = facts
        renamed.takeLayout(of: sampler)
        var catalog = SeriesCatalog(renamed)
        for exposition in Exposition.allCases
        where catalog.registry.longestPageBytes(exposition) > responses.pages.capacity(exposition) { return }
        if let sandbox { catalog.publish(sandbox) }
        power.makeRoom(domainCount: renamed.domains.count)
        facts = renamed
        self.catalog = catalog
    }

    /// Says in the log what a pass over the counters brought to light.
    private mutating func report(at moment: Moment) {
        let now = moment.monotonicNanoseconds
        search.review(sampler, log)
        health.review(sampler, at: now, log)
        anomalies.review(sampler, at: now, log)
    }

    /// Ticks are further apart than the counters bear.
    var needsPassesBetweenTicks: Bool { sampler.needsPassesBetweenTicks(every: timer.intervalNanoseconds) }

    /// Reads the counters between two ticks before it is too late to know what they did; asked once a second.
    mutating func refreshIfOverdue(at moment: Moment) {
        let isRefreshed = sampler.refreshIfOverdue(
            at: moment, every: timer.intervalNanoseconds, patienceNanoseconds: Server.sweepNanoseconds)
        if isRefreshed { report(at: moment) }
    }

    /// Brings the totals up to date for a scrape, if the latest reading is older than one interval or than a second.
    mutating func refreshIfStale(at moment: Moment) {
        if sampler.refreshIfStale(at: moment, every: timer.intervalNanoseconds) { report(at: moment) }
    }
}
