import Glibc
import TestSupport
import Testing

@testable import Doctor

/// NVIDIA's cards, and what their reader needs.
@Suite struct CardCheckTests {
    @Test(arguments: [
        (false, false, "no driver"), (false, true, "no driver"), (true, false, "library"),
        (true, true, "Nobody publishes"),
    ])
    func `what is missing is said with its remedy`(hasDriver: Bool, hasLibrary: Bool, words: String) throws {
        try withTemporaryDirectory { root in
            try addCard("0000:00:06.0", vendor: "0x10de", class: "0x030200", in: root)
            if hasDriver { try makeDirectories("driver/nvidia", "version", in: root) }
            if hasLibrary { try makeDirectories("lib", "libnvidia-ml.so.1", in: root) }
            let findings = check(root).findings(nil)
            #expect(findings.count == 1)
            #expect(findings.first?.sentence.contains(words) ?? false)
            #expect(findings.first?.sentence.contains("0000:00:06.0") ?? false)
            #expect(findings.first?.remedy != nil)
        }
    }

    @Test func `other cards, and other devices of NVIDIA's, are nobody's business`() throws {
        try withTemporaryDirectory { root in
            try addCard("0000:00:02.0", vendor: "0x8086", class: "0x030000", in: root)
            try addCard("0000:00:06.1", vendor: "0x10de", class: "0x040300", in: root)
            #expect(check(root).findings(nil).isEmpty)
        }
    }

    @Test(arguments: [("Enabled (fine-grained)", true), ("Disabled by default", false)])
    func `a card that is switched off while nobody uses it is not woken, and that is said`(
        status: String, isSaid: Bool
    ) throws {
        try withTemporaryDirectory { root in
            try addCard("0000:01:00.0", vendor: "0x10de", class: "0x030000", in: root)
            try makeDirectories(
                "driver/nvidia/gpus/0000:01:00.0", "power", in: root, "Runtime D3 status:          \(status)\n")
            try makeDirectories("lib", "libnvidia-ml.so.1", in: root)
            let findings = check(root).findings(nil)
            #expect(findings.count == (isSaid ? 2 : 1))
            #expect(
                (findings.last?.sentence.contains("0000:01:00.0 is switched off while nobody uses it") ?? false)
                    == isSaid)
        }
    }

    private func check(_ root: String) -> CardCheck {
        CardCheck(sysfs: root, procfs: root, libraryDirectories: [root + "/lib"])
    }

    private func addCard(_ address: String, vendor: String, class kind: String, in root: String) throws {
        try makeDirectories("bus/pci/devices/\(address)", "vendor", in: root, vendor + "\n")
        try makeDirectories("bus/pci/devices/\(address)", "class", in: root, kind + "\n")
    }

    private func makeDirectories(_ path: String, _ file: String, in root: String, _ text: String = "") throws {
        var directory = root
        for part in path.split(separator: "/") {
            directory += "/\(part)"
            if access(directory, F_OK) != 0 { try checked("mkdir", mkdir(directory, 0o755)) }
        }
        try writeFile("\(directory)/\(file)", text)
    }
}
