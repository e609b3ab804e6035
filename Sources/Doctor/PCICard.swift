import Kernel

/// A graphics card or another accelerator on PCI, as sysfs shows it, whether or not anything drives it.
struct PCICard {
    enum Vendor: String {
        case nvidia = "0x10de"
        case amd = "0x1002"
        case intel = "0x8086"
    }

    /// Its place: `0000:03:00.0`.
    let address: String
    let vendor: Vendor
    private let directory: String

    /// Display controllers (0x03) and processing accelerators (0x12).
    private static let classes = ["0x03", "0x12"]

    /// All of these makers', by their places.
    static func all(sysfs: String) -> [PCICard] {
        let root = sysfs + "/bus/pci/devices"
        return names(in: root).compactMap { address in
            let directory = "\(root)/\(address)"
            guard classes.contains(where: text("\(directory)/class").hasPrefix),
                let vendor = Vendor(rawValue: text("\(directory)/vendor"))
            else { return nil }
            return PCICard(address: address, vendor: vendor, directory: directory)
        }
    }

    /// Graphics of an Intel processor, which lie in its package.
    var isInProcessor: Bool { vendor == .intel && address == "0000:00:02.0" }

    /// What drives it; nil for nothing.
    var driver: String? {
        do throws(SystemError) {
            return try Files.link(directory + "/driver").split(separator: "/").last.map { String($0) }
        } catch {
            return nil
        }
    }

    /// It is switched off while nobody uses it.
    var maySleep: Bool { PCICard.text(directory + "/power/control") == "auto" }

    /// Its driver shows energy or power by hwmon.
    var isMeasured: Bool {
        PCICard.names(in: directory + "/hwmon").contains { chip in
            PCICard.names(in: "\(directory)/hwmon/\(chip)").contains { name in
                name.hasPrefix("energy") && name.hasSuffix("_input") || name == "power1_average"
                    || name == "power1_input"
            }
        }
    }

    /// Nothing where nothing can be read: most machines have no such card.
    static func names(in directory: String) -> [String] {
        do throws(SystemError) { return try Files.names(in: directory) } catch { return [] }
    }

    /// The first line of a file; empty where it cannot be read.
    static func text(_ path: String) -> String { lines(path).first ?? "" }

    /// The lines of a file; none where it cannot be read.
    static func lines(_ path: String) -> [String] {
        do throws(SystemError) {
            return String(decoding: try Files.readOnce(path), as: UTF8.self).split(separator: "\n").map { String($0) }
        } catch {
            return []
        }
    }
}
