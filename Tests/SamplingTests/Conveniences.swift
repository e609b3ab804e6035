import Accounts
import Counters
import Kernel
import Sampling
import TestSupport

@testable import Sources

extension Sources {
    /// The zones of a tree.
    static func powercap(
        _ root: String, _ vendor: ProcessorVendor = .intel, time: ReadingTime = .replay
    ) -> Sources {
        Sources(
            opening: .these([.powercap]), SystemRoots(sysfs: root, procfs: root, vendor: vendor), time: time)
    }

    /// The sensors of a tree.
    static func hwmon(_ root: String, time: ReadingTime = .replay) -> Sources {
        Sources(
            opening: .these([.hwmon]), SystemRoots(sysfs: root, procfs: root, vendor: .unknown), time: time)
    }
}

extension Sampling {
    /// Brings the totals up to date now.
    mutating func refresh() { refresh(at: .now()) }
}
