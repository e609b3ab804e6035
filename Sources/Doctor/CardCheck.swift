import Bytes
import Counters
import Sources

/// NVIDIA's cards, which only a library of NVIDIA's can read: whether all is there that their reader needs.
struct CardCheck {
    let sysfs: String
    let procfs: String
    /// Where the library may be.
    var libraryDirectories = CardCheck.usualLibraryDirectories

    static let usualLibraryDirectories = [
        "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/nvidia/lib64",
        "/run/nvidia/driver/usr/lib/x86_64-linux-gnu", "/run/nvidia/driver/usr/lib64",
    ]
    private static let library = "libnvidia-ml.so.1"

    func findings(_ feeds: FeedDiscovery?) -> [Finding] {
        let cards = cards
        guard !cards.isEmpty else { return [] }
        let names = enumeration(cards)
        guard hasDriver else {
            return [
                Finding(
                    .note, .feeds, "NVIDIA's card \(names) has no driver of NVIDIA's: its energy cannot be read.",
                    remedy: "install NVIDIA's driver, such as the package nvidia-driver, and start the machine anew")
            ]
        }
        guard hasLibrary else {
            return [
                Finding(
                    .note, .feeds,
                    "NVIDIA's card \(names) has a driver, but its library, \(CardCheck.library), is missing.",
                    remedy: "apt install libnvidia-ml1")
            ]
        }
        guard isPublished(feeds) else {
            return [
                Finding(
                    .note, .feeds, "Nobody publishes the energy of NVIDIA's card \(names).",
                    remedy: "systemctl enable --now pyjoules-exporter-nvidia.service")
            ] + sleepers
        }
        return sleepers
    }

    /// Cards that are switched off while nobody uses them, as in laptops.
    private var sleepers: [Finding] {
        let root = procfs + "/driver/nvidia/gpus"
        let sleepers = PCICard.names(in: root).filter { place in
            PCICard.lines("\(root)/\(place)/power").contains { line in
                line.hasPrefix("Runtime D3 status:") && line.contains("Enabled")
            }
        }
        guard !sleepers.isEmpty else { return [] }
        return [
            Finding(
                .note, .feeds,
                "NVIDIA's card \(enumeration(sleepers)) is switched off while nobody uses it (runtime D3): it is never woken to be "
                    + "read, and shows its energy while others use it.")
        ]
    }

    /// The places of the cards.
    private var cards: [String] { PCICard.all(sysfs: sysfs).filter { $0.vendor == .nvidia }.map(\.address) }

    private var hasDriver: Bool { !PCICard.names(in: procfs + "/driver/nvidia").isEmpty }

    private var hasLibrary: Bool {
        libraryDirectories.contains { PCICard.names(in: $0).contains(CardCheck.library) }
    }

    /// Some feed shows a GPU, readable or not: then the feed says what is to be said.
    private func isPublished(_ feeds: FeedDiscovery?) -> Bool {
        guard let feeds else { return false }
        return feeds.domains.contains { $0.kind == .gpu } || feeds.refused.contains { $0.domain?.kind == .gpu }
    }
}
