import Energy
import Kernel
import Logging
import Metrics

/// From the timer to the accounts: what surrounds the sampler while the exporter serves.
struct Measuring: ~Copyable {
    private let timer: Timer
    private(set) var sampler: Sampler
    private var ledger: Ledger?
    private(set) var power: PowerDistribution
    private(set) var lateness = LatencyHistogram()
    /// Timer expirations so far, missed ones included.
    private(set) var expirations: UInt64 = 0
    private(set) var missedTicks: UInt64 = 0
    /// Zones that were lost were looked for, and their names may be others now.
    private(set) var hasLookedForZones = false
    private var health: HealthReporter
    private var anomalies: AnomalyReporter
    private var reviver: ZoneReviver
    private let isUp: Bool
    private let log: Logger

    private static let secondNanoseconds: UInt64 = 1_000_000_000

    init(
        _ configuration: Configuration, _ measurement: consuming Measurement, _ ledger: consuming Ledger?, _ log: Logger
    ) throws(SystemError) {
        let timer = try Timer(intervalNanoseconds: configuration.sampleInterval.nanoseconds)
        let domains = measurement.sampler.accounts.count
        anomalies = AnomalyReporter(measurement.sampler)
        isUp = measurement.isUp
        self.timer = timer
        sampler = measurement.sampler
        self.ledger = ledger
        power = PowerDistribution(domainCount: domains, hasHistograms: configuration.hasHistograms)
        health = HealthReporter(domainCount: domains)
        reviver = ZoneReviver(sysfs: configuration.sysfs, vendor: SourceAttempts.vendor(configuration))
        self.log = log
    }

    /// Has the loop told when a sample is due.
    func watch(_ epoll: borrowing Epoll, token: UInt64) throws(SystemError) {
        try epoll.add(timer.descriptor, .readable, token: token)
    }

    var firstDueNanoseconds: UInt64 { timer.firstNanoseconds }
    var intervalNanoseconds: UInt64 { timer.intervalNanoseconds }

    /// A source that is up has given something; without any source there is nothing to wait for.
    var hasFirstSample: Bool {
        sampler.ticks > 0 && (!isUp || sampler.accounts.contains { $0.hasBeenRead })
    }

    /// Serves the timer: a late loop finds more than one expiration, and says so.
    ///
    /// - Returns: false if nothing was due.
    mutating func tick(at now: UInt64) throws(SystemError) -> Bool {
        let elapsed = try timer.takeExpirations()
        guard elapsed > 0 else { return false }
        expirations += elapsed
        missedTicks += elapsed - 1
        let due = timer.firstNanoseconds + (expirations - 1) * timer.intervalNanoseconds
        lateness.record(nanoseconds: now > due ? now - due : 0)
        if endsInterval(at: now) { sample() } else { refresh(at: now) }
        return true
    }

    /// The tick after a late one can come at once. Counters move in steps of a millisecond, so that power over a fraction of an
    /// interval would be mostly such steps: a peak that never was.
    private func endsInterval(at now: UInt64) -> Bool {
        guard let last = sampler.lastTickNanoseconds else { return true }
        return now >= last + timer.intervalNanoseconds / 2
    }

    /// Reads all counters and ends a measurement interval.
    mutating func sample() {
        sampler.tick()
        ledger?.write(sampler)
        power.record(sampler)
        if reviver.review(&sampler, nanoseconds: sampler.lastPassNanoseconds, log) { hasLookedForZones = true }
        report(at: sampler.lastPassNanoseconds)
    }

    /// The pages have the zones' names as they are now.
    mutating func zonesAreNamed() { hasLookedForZones = false }

    /// Ticks are further apart than the counters bear.
    var needsPassesBetweenTicks: Bool { timer.intervalNanoseconds > sampler.longestIntervalNanoseconds }

    /// Reads the counters between two ticks before it is too late to know what they did; asked once a second.
    mutating func refreshIfOverdue(at now: UInt64) {
        guard needsPassesBetweenTicks else { return }
        if now + Measuring.secondNanoseconds > sampler.lastPassNanoseconds + sampler.longestIntervalNanoseconds {
            refresh(at: now)
        }
    }

    /// Brings the totals up to date for a scrape, if the latest reading is older than one interval or than a second.
    mutating func refreshIfStale(at now: UInt64) {
        let age = now - min(now, sampler.lastPassNanoseconds)
        if age > min(timer.intervalNanoseconds, Measuring.secondNanoseconds) { refresh(at: now) }
    }

    private mutating func refresh(at now: UInt64) {
        sampler.refresh()
        ledger?.write(sampler)
        report(at: now)
    }

    /// Says in the log what a pass over the counters brought to light.
    private mutating func report(at now: UInt64) {
        health.review(sampler, nanoseconds: now, log)
        anomalies.review(sampler, nanoseconds: now, log)
    }
}
