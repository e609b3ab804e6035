import Accounts
import Attribution
import Counters
import Kernel
import Log
import Logging
import Sampling

/// Opens what is needed to tell who used the energy, or says why that cannot be told here.
enum AttributionOpening {
    /// Slices that lie directly below the root: systemd makes five, and a machine has some more at most.
    private static let mostSlices = 64

    /// - Returns: how many cgroups may be followed; each takes a descriptor.
    static func open(_ sampling: inout Sampling, _ configuration: Configuration, _ log: Logger) -> Int {
        guard var choice = configuration.attribution else { return 0 }
        if choice.settings.level == .slices { choice.settings.mostUnits = min(choice.settings.mostUnits, mostSlices) }
        let kinds = choice.kinds.filter { kind in
            // What is not there now may still come; without it, its rows would stay empty.
            kind == .package || sampling.accounts.contains { $0.domain.kind == kind }
        }
        choice.settings.kindCount = kinds.count
        choice.settings.idleMicrowatts = kinds.map { kind in choice.idlePowers.last { $0.kind == kind }?.microwatts }
        do throws(AttributionObstacle) {
            let attribution = try Attribution.open(
                cgroupfs: configuration.cgroupfs, sysfs: configuration.sysfs, procfs: configuration.procfs,
                unixMicroseconds: Clock.realtimeNanoseconds() / 1000, choice.settings)
            sampling.share(with: Sharing(attribution, kinds: kinds))
            lookForPodNames(choice, log)
            return choice.settings.level == .slices ? mostSlices : Attribution.mostAccounts(choice.settings)
        } catch {
            log.report(
                .attributionOff, .info,
                "who used the energy is not told: \(error.description). To mend it: \(error.remedy); --attribution off is quiet about it",
                ["reason": error.reason])
            return 0
        }
    }

    private static func lookForPodNames(_ choice: AttributionChoice, _ log: Logger) {
        guard let directory = choice.settings.podNames else { return }
        do throws(AttributionObstacle) {
            _ = try Attribution.countPodNames(in: directory)
        } catch {
            log.report(
                .podNamesUnreadable, .warning,
                "pods and namespaces have no names: \(error.description). To mend it: \(error.remedy), and start again")
        }
    }
}
