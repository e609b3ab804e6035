import Kernel

/// Why no counter of powercap is read, and what would change that: in one place for the log, `measure` and `doctor`.
public struct PowercapAbsence: Sendable {
    /// What is in the way.
    public enum Cause: Sendable, Equatable {
        /// There are counters, and this process may not read them.
        case forbidden
        /// There are counters, and a container engine has put an empty directory over them.
        case hidden
        /// There are counters, and none of them can be counted, for the reason of the first one.
        case unusable(RefusedZone)
        /// There is none, as a sentence says that goes on after a colon.
        case absent(String)
    }

    /// What is in the way.
    public let cause: Cause
    /// What would change that; nil if nothing does.
    public let remedy: String?
    private let root: String

    /// - Parameters:
    ///   - refused: what is shown and not counted.
    ///   - sysfs: the root that has `class/powercap`.
    ///   - place: where this process is.
    public init(_ refused: [RefusedZone], sysfs: String, in place: Surroundings) {
        root = sysfs + "/class/powercap"
        let remedies = Remedy(in: place)
        if refused.contains(where: { $0.reason == .permissionDenied }) {
            cause = .forbidden
            remedy = remedies.forbiddenCounters
        } else if refused.contains(where: { $0.reason == .hidden }) {
            cause = .hidden
            remedy = remedies.hiddenCounters
        } else if let zone = refused.first(where: { $0.reason.showsCounter }) {
            cause = .unusable(zone)
            remedy = nil
        } else {
            let absence = PowercapAbsence.absence(sysfs: sysfs, place, remedies)
            cause = .absent(absence.reason)
            remedy = absence.remedy
        }
    }

    /// Nothing shows a counter: what the machine is decides what helps.
    private static func absence(
        sysfs: String, _ place: Surroundings, _ remedies: Remedy
    ) -> (reason: String, remedy: String?) {
        func isThere(_ path: String) -> Bool { Files.realPath(path) != nil }
        if place.isGuest {
            return ("this is a virtual machine, and only its host has them", remedies.absentCounters)
        }
        if place.isARM { return ("this is an ARM, which has none", nil) }
        if isThere(sysfs + "/module/intel_rapl_msr") {
            return ("the driver intel_rapl_msr is loaded and does not know this processor", "install a newer kernel")
        }
        if !isThere(sysfs + "/class/powercap") {
            return ("the kernel has no powercap framework, or /sys is not the host's", remedies.absentFramework)
        }
        return ("the driver is not loaded", remedies.absentCounters)
    }

    /// The same in words that go on after "because".
    var outcome: SourceAttempt.Outcome {
        switch cause {
        case .forbidden: .unreadable(sentence("no energy counter under \(root) may be read"))
        case .hidden: .unreadable(sentence("the energy counters under \(root) are hidden by a container engine"))
        case .unusable(let zone):
            .unreadable("no energy counter under \(root) can be counted (\(zone.name): \(zone.reason))")
        case .absent(let reason):
            .absent(
                sentence(
                    "there is no RAPL counter under \(root), as Intel's and AMD's processors have"
                        + (remedy == nil ? ": \(reason)" : "")))
        }
    }

    private func sentence(_ text: String) -> String { remedy.map { "\(text): \($0)" } ?? text }
}

extension RefusedZone.Reason {
    /// There is a counter, whatever is wrong with it.
    fileprivate var showsCounter: Bool {
        switch self {
        case .noEnergy, .duplicate, .replaced, .enclosed, .battery: false
        case .unknownName, .badAttribute, .permissionDenied, .failed, .tooMany, .asleep, .slow, .hidden, .garbage,
            .unreadable:
            true
        }
    }
}
