import Bytes
import Sources

/// Cards of AMD's and Intel's, whose drivers show their energy or power themselves: why nothing is shown of one.
///
/// What is shown and not counted, and why, is said with the other sensors.
struct KernelCardCheck {
    let sysfs: String

    var findings: [Finding] {
        PCICard.all(sysfs: sysfs).filter { $0.vendor != .nvidia && !$0.isInProcessor }.compactMap(finding)
    }

    private func finding(_ card: PCICard) -> Finding? {
        let name = "\(card.vendor == .amd ? "AMD" : "Intel")'s card \(card.address)"
        switch card.driver {
        case nil:
            return Finding(
                .note, .hwmon, "\(name) has no driver: its energy cannot be read.",
                remedy: KernelCardCheck.driverRemedy(card.vendor))
        case "vfio-pci":
            return Finding(
                .note, .hwmon, "\(name) is kept for a virtual machine: its energy can be read only inside that.")
        case .some(let driver) where !card.isMeasured:
            return Finding(
                .note, .hwmon, "\(name) has the driver \(driver), which shows neither energy nor power of it.",
                remedy: KernelCardCheck.remedies[driver])
        case .some where card.maySleep:
            return Finding(
                .note, .hwmon,
                "\(name) may sleep while nobody uses it (runtime power management): it is not woken to be read, and left alone for some "
                    + "seconds of each minute so that it can fall asleep.")
        case .some: return nil
        }
    }

    private static func driverRemedy(_ vendor: PCICard.Vendor) -> String {
        vendor == .amd
            ? "apt install firmware-amd-graphics, then modprobe amdgpu"
            : "modprobe xe, or i915; cards of 2024 and later need a newer kernel than 6.11"
    }

    private static let remedies = [
        "radeon":
            "for cards of 2012 to 2014: radeon.si_support=0 radeon.cik_support=0 amdgpu.si_support=1 amdgpu.cik_support=1 on the "
            + "kernel's command line",
        "i915": "a kernel of 6.2 or later",
        "xe": "a kernel of 6.8 or later",
        "amdgpu": "if this is a virtual machine, its host can tell",
    ]
}
