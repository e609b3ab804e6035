import Bytes
import Counters
import Sources

/// Sensors of energy and power on the board.
struct HwmonCheck {
    let place: Surroundings
    /// Without them there is no energy.
    let isNeeded: Bool

    func findings(_ discovery: HwmonDiscovery) -> [Finding] {
        var findings: [Finding] = []
        if !discovery.sensors.isEmpty {
            let tags = enumeration(discovery.sensors.map(\.domain.tag))
            let count = counted(discovery.sensors.count, "sensor")
            findings.append(Finding(.ok, .hwmon, "\(count) of energy or power can be read: \(tags)."))
            let integrated = discovery.sensors.filter(\.isIntegrated).map(\.domain.tag)
            if !integrated.isEmpty {
                findings.append(
                    Finding(
                        .note, .hwmon,
                        "\(enumeration(integrated)) \(integrated.count == 1 ? "tells" : "tell") power and no energy: joules are "
                            + "estimated from it, the better the shorter --sample.interval is."))
            }
        } else if discovery.refused.isEmpty {
            findings.append(Finding(status, .hwmon, "There is no sensor of energy or power."))
        }
        return findings + discovery.refused.map(refuse)
    }

    private var status: Finding.Status { isNeeded ? .problem : .note }

    private func refuse(_ sensor: RefusedZone) -> Finding {
        switch sensor.reason {
        case .permissionDenied:
            Finding(status, .hwmon, "\(sensor.name) may not be read.", remedy: Remedy(in: place).forbiddenSensors)
        case .duplicate, .enclosed: Finding(.note, .hwmon, "\(sensor.name) \(sensor.reason): it is left out.")
        case .slow:
            Finding(
                .note, .hwmon,
                "\(sensor.name) is not counted: \(sensor.reason), and everything else would wait for it each time.",
                remedy: HwmonCheck.slowRemedy)
        case .asleep:
            Finding(
                .note, .hwmon,
                "\(sensor.name) is not counted yet: \(sensor.reason). It is counted when it shows something.")
        case .battery, .unknownName, .badAttribute, .hidden, .noEnergy, .failed, .tooMany, .replaced, .garbage,
            .unreadable:
            Finding(.note, .hwmon, "\(sensor.name) is not counted: \(sensor.reason).")
        }
    }

    /// What can be had of a sensor that is too slow for the loop.
    static let slowRemedy =
        "systemctl enable --now pyjoules-exporter-sensors, or pyjoules-exporter reader hwmon, reads it in a process of its own; it is "
        + "tried again here when its device appears anew or the exporter starts anew"
}
