import Attribution
import Bytes
import Kernel

/// Whether it can be told who used the energy: the tree of cgroups, and what a look at all of it costs here.
struct CgroupCheck {
    /// Where the cgroups were said to be; nil for the usual place below `sysfs`.
    let cgroupfs: String?
    /// Where the names of pods are; nil if nobody asks for them.
    var podNames: String?
    let sysfs: String
    let procfs: String

    /// More descriptors than this are used by nothing else.
    private static let otherDescriptors: UInt64 = 400

    var findings: [Finding] {
        do throws(AttributionObstacle) {
            return try look() + names
        } catch {
            return [
                Finding(.note, .cgroups, "Who used the energy is not told: \(error.description).", remedy: error.remedy)
            ]
        }
    }

    private func look() throws(AttributionObstacle) -> [Finding] {
        var settings = AttributionSettings()
        settings.level = .units
        settings.readsAll = true
        settings.mostUnits = AttributionSettings.largestMostUnits
        var attribution = try Attribution.open(
            cgroupfs: cgroupfs, sysfs: sysfs, procfs: procfs, unixMicroseconds: 0, settings)
        pass(&attribution)
        let begin = Clock.monotonicNanoseconds()
        pass(&attribution)
        let microseconds = (Clock.monotonicNanoseconds() - begin) / 1000
        return [cost(attribution.root, attribution.unitCount, microseconds)] + descriptors(attribution.readCount)
    }

    private var names: [Finding] {
        guard let podNames else { return [] }
        do throws(AttributionObstacle) {
            let count = try Attribution.countPodNames(in: podNames)
            return [Finding(.ok, .cgroups, "\(podNames) names \(counted(count, "container")) of pods.")]
        } catch {
            return [
                Finding(
                    .note, .cgroups, "Pods and namespaces have no names: \(error.description).", remedy: error.remedy)
            ]
        }
    }

    private func pass(_ attribution: inout Attribution) {
        attribution.begin([0], at: Clock.monotonicNanoseconds(), unixMicroseconds: 0)
        while !attribution.proceed() {}
    }

    private func cost(_ root: String, _ units: Int, _ microseconds: UInt64) -> Finding {
        Finding(
            .ok, .cgroups,
            "Who used the energy can be told: \(root) has \(counted(units, "unit")) of all kinds. With --attribution units, those that run "
                + "are looked at each second, and all of them each minute, which takes \(microseconds) us here."
        )
    }

    private func descriptors(_ reads: Int) -> [Finding] {
        guard let limit = Process.descriptorLimit, UInt64(reads) + CgroupCheck.otherDescriptors > limit else {
            return []
        }
        return [
            Finding(
                .note, .cgroups,
                "With --attribution units each unit takes a file descriptor, and \(limit) are not enough here for \(reads) of them.",
                remedy: "LimitNOFILE=4096 (systemd) or 'ulimit -n 4096'")
        ]
    }
}
