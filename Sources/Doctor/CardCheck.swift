import Counters
import Kernel
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
    private static let vendor = "0x10de"
    /// Of a display controller: graphics (0x0300) and accelerators (0x0302).
    private static let displays = "0x03"

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
        guard !isPublished(feeds) else { return [] }
        return [
            Finding(
                .note, .feeds, "Nobody publishes the energy of NVIDIA's card \(names).",
                remedy: "systemctl enable --now pyjoules-exporter-nvidia.service")
        ]
    }

    /// The addresses of the cards.
    private var cards: [String] {
        let root = sysfs + "/bus/pci/devices"
        return CardCheck.names(in: root).filter { name in
            CardCheck.text("\(root)/\(name)/vendor") == CardCheck.vendor
                && CardCheck.text("\(root)/\(name)/class").hasPrefix(CardCheck.displays)
        }
    }

    private var hasDriver: Bool { !CardCheck.names(in: procfs + "/driver/nvidia").isEmpty }

    private var hasLibrary: Bool {
        libraryDirectories.contains { CardCheck.names(in: $0).contains(CardCheck.library) }
    }

    /// Some feed shows a GPU, readable or not: then the feed says what is to be said.
    private func isPublished(_ feeds: FeedDiscovery?) -> Bool {
        guard let feeds else { return false }
        return feeds.domains.contains { $0.kind == .gpu } || feeds.refused.contains { $0.domain?.kind == .gpu }
    }

    /// Nothing where nothing can be read: most machines have no such card.
    private static func names(in directory: String) -> [String] {
        do throws(SystemError) { return try Files.names(in: directory) } catch { return [] }
    }

    private static func text(_ path: String) -> String {
        do throws(SystemError) {
            return String(decoding: try Files.readOnce(path).prefix { $0 != 0x0A }, as: UTF8.self)
        } catch {
            return ""
        }
    }
}
