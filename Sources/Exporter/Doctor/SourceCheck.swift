import Energy
import Kernel

/// What energy is read from, by the exporter's own choice, and what its counters do while they are watched for a moment.
struct SourceCheck {
    let machine: Machine
    /// Those of powercap, which have limits and ranges.
    let zones: [PowercapZone]

    /// How long counters are watched. The hardware moves them a thousand times a second.
    static let watchMilliseconds: Int32 = 100

    /// What was chosen.
    func findings(_ measurement: borrowing Measurement, _ choice: SourceChoice) -> [Finding] {
        let name = measurement.sourceName
        guard measurement.isUp else {
            let obstacle = choice == .auto ? "no source can be read" : "\(name) cannot be read"
            return [
                Finding(
                    .problem, .source, "No energy is measured, since \(obstacle); the exporter would run and say so.",
                    remedy: "what is said above; '--source simulated' shows how it would look")
            ]
        }
        if measurement.isSimulated {
            return [Finding(.note, .source, "SIMULATED: the numbers come from a model and measure nothing.")]
        }
        guard choice == .auto, name != SourceChoice.powercap.rawValue else {
            return [Finding(.ok, .source, "Energy is read from \(name).")]
        }
        return [Finding(.note, .source, "Energy is read from \(name), since the sources before it cannot be read.")]
    }

    /// What each counter does. `wait` lets some time pass between two readings.
    func watch(_ measurement: inout Measurement, wait: () throws(SystemError) -> Void) throws(SystemError) -> [Finding]
    {
        guard !measurement.sampler.accounts.isEmpty else { return [] }
        measurement.sampler.tick()
        try wait()
        measurement.sampler.tick()
        var findings: [Finding] = []
        for index in measurement.sampler.accounts.indices {
            let account = measurement.sampler.accounts[index]
            let zone = measurement.zones[index].zone
            let leader = measurement.sampler.suspects[index]
            findings.append(finding(account, zone, leader))
            if let remark = remark(account.domain) { findings.append(remark) }
        }
        return findings
    }

    private func finding(_ account: DomainAccount, _ zone: String, _ leader: Domain?) -> Finding {
        let name = "\(account.domain.tag) (\(zone))"
        if account.isMirror, let leader {
            return Finding(.note, .domain, "\(name) shows the counter of \(leader.tag), which is counted once.")
        }
        if let failure = account.failure {
            return Finding(
                .problem, .domain, "\(name) cannot be read: \(failure.rawValue).",
                remedy: "dmesg and the driver's documentation tell more; the exporter counts such readings as errors")
        }
        guard let power = account.powerMicrowatts else {
            return Finding(.note, .domain, "\(name) was set anew while it was watched.")
        }
        let range = zones.first { $0.name == zone }.map { "; " + wrap($0) } ?? ""
        if power == 0 && account.domain.kind == .package {
            return Finding(
                .note, .domain,
                "\(name) stood still for \(SourceCheck.watchMilliseconds) ms, as a processor's counter never does on hardware\(range)."
            )
        }
        return Finding(.ok, .domain, "\(name): \(decimal(power, digits: 6, shown: 1)) W now\(range).")
    }

    /// How long the counter takes to run through its range.
    private func wrap(_ zone: PowercapZone) -> String {
        let longTerm = zone.limits.first { $0.constraint == "long_term" && $0.microwatts > 0 }
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
        case .package, .core, .uncore, .dram, .sensor: nil
        }
    }
}

/// A time for people: `52 s`, `35 min`, `3 h`.
func duration(seconds: UInt64) -> String {
    if seconds < 120 { return "\(seconds) s" }
    if seconds < 7200 { return "\(seconds / 60) min" }
    return "\(seconds / 3600) h"
}
