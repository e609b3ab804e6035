import Counters
import Log
import Logging
import Sources

/// Zones and sensors that are not counted, all for one reason: one line says so of all of them.
struct RefusedZones {
    private let zones: [RefusedZone]
    private let kind: SourceKind

    /// As many names as fit a line that people read.
    private static let mostNames = 16

    private var reason: RefusedZone.Reason { zones[0].reason }
    private var isOne: Bool { zones.count == 1 }
    private var noun: String { (kind == .hwmon ? "sensor" : "zone") + (isOne ? "" : "s") }

    private func names(separator: String) -> String {
        let names = zones.prefix(RefusedZones.mostNames).map(\.name).joined(separator: separator)
        let rest = zones.count - RefusedZones.mostNames
        return rest > 0 ? "\(names)\(separator)and \(rest) more" : names
    }

    /// `zone a is`, `sensors a, b are`.
    private var subject: String { "\(noun) \(names(separator: ", ")) \(isOne ? "is" : "are")" }
    /// What is published is known by its domain.
    private var published: String {
        zones.prefix(RefusedZones.mostNames).map { $0.domain?.tag ?? $0.name }.joined(separator: ", ")
            + (isOne ? " is" : " are")
    }
    /// `zone a`, `each of the zones a, b`.
    private var each: String { (isOne ? "" : "each of the ") + "\(noun) \(names(separator: ", "))" }

    private func report(_ event: Event, _ level: Logger.Level, _ message: String, _ reason: String, _ log: Logger) {
        log.report(event, level, message, ["zone": names(separator: ","), "reason": reason])
    }
}

extension RefusedZones {
    /// Puts those together that are refused for the same reason, in the order in which each reason comes first.
    static func groups(_ zones: [RefusedZone], of kind: SourceKind) -> [RefusedZones] {
        var groups: [[RefusedZone]] = []
        for zone in zones {
            if let index = groups.firstIndex(where: { $0[0].reason == zone.reason }) {
                groups[index].append(zone)
            } else {
                groups.append([zone])
            }
        }
        return groups.map { RefusedZones(zones: $0, kind: kind) }
    }

    /// Says why they are not counted, and what helps.
    func report(_ remedy: Remedy, _ log: Logger) {
        switch reason {
        case .duplicate: report(.zoneIgnored, .info, "\(each) \(reason)", "duplicate", log)
        case .enclosed: report(.zoneIgnored, .info, "\(each) \(reason)", "enclosed", log)
        case .battery: report(.zoneIgnored, .info, "\(subject) not counted: \(reason)", "battery", log)
        case .replaced: report(.zoneIgnored, .notice, "\(each) \(reason)", "replaced", log)
        case .asleep: report(.zoneUnreadable, .info, "\(subject) not counted yet: \(reason)", "asleep", log)
        case .slow:
            let because = "since \(isOne ? "it" : "each") would hold up everything else"
            report(.zoneUnreadable, .warning, "\(subject) not counted, \(because): \(reason)", "slow", log)
        case .permissionDenied:
            let rights = kind == .hwmon ? "" : " (energy_uj is readable by root only since CVE-2020-8694)"
            let help = kind == .hwmon ? remedy.forbiddenSensors : remedy.forbiddenCounters
            report(
                .zoneUnreadable, .error, "\(noun) \(names(separator: ", ")) may not be read\(rights): \(help)",
                "permission denied", log)
        case .garbage(let fault):
            let feeds =
                isOne
                ? "feed \(names(separator: ", ")) is counted until it is"
                : "feeds \(names(separator: ", ")) is counted until they are"
            report(.feedRefused, .warning, "nothing of \(feeds) mended: \(fault)", fault.description, log)
        case .unreadable(let obstacle, _):
            report(
                .zoneUnreadable, .warning,
                "\(published) not counted, say\(isOne ? "s its feed" : " their feeds"): \(reason)",
                obstacle.rawValue, log)
        case .unknownName, .badAttribute, .hidden, .noEnergy, .failed, .tooMany:
            report(.zoneUnreadable, .warning, "\(subject) not counted: \(reason)", reason.description, log)
        }
    }
}

extension SourceMessages {
    /// Says of what is shown and not counted why, and what helps.
    static func report(_ zones: [RefusedZone], of kind: SourceKind, _ remedy: Remedy, _ log: Logger) {
        for group in RefusedZones.groups(zones, of: kind) { group.report(remedy, log) }
    }
}
