import Accounts
import Bytes
import Counters
import Kernel
import Sampling
import Sources

/// What energy is read from, by the exporter's own choice, and what its counters do while they are watched for a moment.
struct SourceCheck {
    let machine: Machine
    let report: SourceReport
    /// An exporter that runs measures, whatever this user may read.
    var isMeasured = false

    /// How long counters are watched. The hardware moves them a thousand times a second.
    static let watchMilliseconds: Int32 = 100
    /// How often that is repeated at most, while nothing can be said yet.
    private static let mostWatches: Int32 = 10

    /// What was chosen.
    var findings: [Finding] {
        let name = report.name
        guard report.isUp || !isMeasured else {
            return [
                Finding(.note, .source, "This user can read no source; the exporter that runs measures all the same.")
            ]
        }
        guard report.isUp else {
            return [
                Finding(
                    .problem, .source, "No energy is measured, since \(obstacle); the exporter would run and say so.",
                    remedy: "what is said above; '--source simulated' shows how it would look")
            ]
        }
        if report.isSimulated {
            return [Finding(.note, .source, "SIMULATED: the numbers come from a model and measure nothing.")]
        }
        return [replacement ?? Finding(.ok, .source, "Energy is read from \(name).")] + missing
    }

    /// Why there is no energy. What is not there, or is nothing to count, such as a battery, is none that cannot be read.
    private var obstacle: String {
        if report.choice == .auto { return "no source can be read" }
        let areAbsent = report.attempts.allSatisfy { attempt in
            if case .absent = attempt.outcome { return true }
            return false
        }
        return areAbsent ? "\(report.name) shows nothing that can be counted" : "\(report.name) cannot be read"
    }

    /// Something stands in for what was to be read first.
    private var replacement: Finding? {
        let opened = report.attempts.filter(\.isOpen)
        let isReplaced = report.attempts.contains { attempt in
            !attempt.isOpen && opened.contains { $0.row == attempt.row }
        }
        let isFirstMissing = report.choice == .auto && !opened.contains { $0.row == 0 }
        guard isReplaced || isFirstMissing else { return nil }
        return Finding(
            .note, .source, "Energy is read from \(report.name), since the sources before it cannot be read.")
    }

    /// What was asked for by name beside something else, and is not there.
    private var missing: [Finding] {
        guard report.choice != .auto else { return [] }
        let rows = Set(report.attempts.filter(\.isOpen).map(\.row))
        return report.attempts.filter { !rows.contains($0.row) }.map { attempt in
            Finding(.problem, .source, "Nothing is read from \(attempt.kind.rawValue).", remedy: "what is said above")
        }
    }

    /// What each counter does. `wait` lets some time pass between two readings.
    func watch(_ sampling: inout Sampling, wait: () throws(SystemError) -> Void) throws(SystemError) -> [Finding] {
        guard !sampling.accounts.isEmpty else { return [] }
        sampling.tick(at: .now())
        var watches: Int32 = 0
        repeat {
            try wait()
            sampling.tick(at: .now())
            watches += 1
        } while watches < SourceCheck.mostWatches && MovementCheck.isUndecided(sampling)
        let milliseconds = watches * SourceCheck.watchMilliseconds
        var findings: [Finding] = []
        for index in sampling.accounts.indices {
            let account = sampling.accounts[index]
            findings.append(finding(account, sampling.suspects[index], milliseconds))
            if let remark = remark(account.domain) { findings.append(remark) }
        }
        return findings + MovementCheck(isVirtual: machine.isVirtual, milliseconds: milliseconds).findings(sampling)
    }

    private func finding(_ account: DomainAccount, _ leader: Domain?, _ milliseconds: Int32) -> Finding {
        let name = "\(account.domain.tag) (\(account.facts.name))"
        if account.isMirror, let leader {
            return Finding(.note, .domain, "\(name) shows the counter of \(leader.tag), which is counted once.")
        }
        switch account.failure {
        case nil: break
        case .asleep:
            return Finding(.note, .domain, "\(name) is asleep: its device is suspended, or the sensor is switched off.")
        case .slow:
            return Finding(
                .note, .domain, "\(name) is too slow to be read with everything else waiting.",
                remedy: HwmonCheck.slowRemedy)
        case .some(let failure):
            return Finding(
                .problem, .domain, "\(name) cannot be read: \(failure.rawValue).",
                remedy: "dmesg and the driver's documentation tell more; the exporter counts such readings as errors")
        }
        guard let power = account.powerMicrowatts else {
            return Finding(.note, .domain, "\(name) was set anew while it was watched.")
        }
        let range = zone(account.facts).map { "; " + wrap($0) } ?? ""
        if power == 0 && account.domain.kind == .package {
            return Finding(
                .note, .domain,
                "\(name) stood still for \(milliseconds) ms, as a processor's counter never does on hardware\(range)."
            )
        }
        return Finding(.ok, .domain, "\(name): \(decimal(power, digits: 6, shown: 1)) W now\(range).")
    }

    /// The zone of powercap behind a counter, which has limits and a range.
    private func zone(_ facts: CounterFacts) -> PowercapZone? {
        guard facts.source == .powercap else { return nil }
        return report.powercap?.zones.first { $0.name == facts.name }
    }

    /// How long the counter takes to run through its range.
    private func wrap(_ zone: PowercapZone) -> String {
        let longTerm = zone.limits.first { $0.constraint == "long_term" && PlausiblePower.isLimit($0.microwatts) }
        let power = longTerm?.microwatts ?? zone.boundMicrowatts
        let reason = longTerm == nil ? "the most that is believed of it" : "its limit"
        // Microjoules by microwatts are seconds.
        return
            "it starts again after \(zone.modulus / 1_000_000) J, which takes \(duration(seconds: zone.modulus / power)) at "
            + "\(power / 1_000_000) W, \(reason)"
    }

    /// What the number is, where its name does not say it.
    private func remark(_ domain: Domain) -> Finding? {
        switch domain.kind {
        case .leadCore:
            Finding(
                .note, .domain,
                "\(domain.tag) is one single core of its package, as AMD's counter of cores is; it is shown with the kind lead_core."
            )
        case .dram where machine.isIntelClient:
            Finding(
                .note, .domain, "\(domain.tag) is computed by a model on Intel's processors for clients, not measured.")
        case .psys:
            Finding(.note, .domain, "\(domain.tag) covers what the board's maker decided, packages included.")
        case .zone:
            Finding(
                .note, .domain,
                "\(domain.tag) is a zone that only its driver's documentation explains: it is in no sum of the machine."
            )
        case .package, .core, .uncore, .dram, .gpu, .sensor: nil
        }
    }
}

/// A time for people: `52 s`, `35 min`, `3 h`.
func duration(seconds: UInt64) -> String {
    if seconds < 120 { return "\(seconds) s" }
    if seconds < 7200 { return "\(seconds / 60) min" }
    return "\(seconds / 3600) h"
}
