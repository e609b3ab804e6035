import Glibc
import TestSupport
import Testing

@testable import Doctor

/// Cards of AMD's and Intel's of which nothing is shown.
@Suite struct KernelCardCheckTests {
    private let address = "0000:03:00.0"

    @Test(
        arguments: [
            ("0x1002", nil, "AMD's card 0000:03:00.0 has no driver", "amdgpu"),
            ("0x8086", nil, "Intel's card 0000:03:00.0 has no driver", "xe"),
            ("0x1002", "radeon", "has the driver radeon, which shows neither", "amdgpu.si_support=1"),
            ("0x8086", "i915", "has the driver i915, which shows neither", "6.2"),
            ("0x8086", "xe", "has the driver xe, which shows neither", "6.8"),
            ("0x1002", "vfio-pci", "kept for a virtual machine", nil),
        ] as [(String, String?, String, String?)])
    func `what is missing is said with its remedy`(
        vendor: String, driver: String?, words: String, remedy: String?
    ) throws {
        try withTemporaryDirectory { root in
            try addCard(vendor, driver, in: root)
            let findings = KernelCardCheck(sysfs: root).findings
            #expect(findings.count == 1)
            #expect(findings.first?.status == .note)
            #expect(findings.first?.sentence.contains(words) ?? false, "\(findings)")
            #expect((findings.first?.remedy != nil) == (remedy != nil))
            #expect(findings.first?.remedy?.contains(remedy ?? "") ?? true)
        }
    }

    @Test(arguments: ["energy1_input", "power1_average", "power1_input"])
    func `of a card that is measured there is nothing to be said`(file: String) throws {
        try withTemporaryDirectory { root in
            try addCard("0x1002", "amdgpu", in: root)
            let chip = "\(root)/bus/pci/devices/\(address)/hwmon/hwmon3"
            try makeDirectories("bus/pci/devices/\(address)/hwmon/hwmon3", in: root)
            try writeFile("\(chip)/temp1_input", "45000\n")
            #expect(KernelCardCheck(sysfs: root).findings.count == 1)
            try writeFile("\(chip)/\(file)", "5\n")
            #expect(KernelCardCheck(sysfs: root).findings.isEmpty)
        }
    }

    @Test(arguments: [("auto", true), ("on", false)])
    func `a card that may sleep is not woken, and that is said`(control: String, isSaid: Bool) throws {
        try withTemporaryDirectory { root in
            try addCard("0x8086", "xe", in: root)
            let device = "bus/pci/devices/\(address)"
            try makeDirectories("\(device)/hwmon/hwmon3", in: root)
            try writeFile("\(root)/\(device)/hwmon/hwmon3/energy1_input", "5\n")
            try makeDirectories("\(device)/power", in: root)
            try writeFile("\(root)/\(device)/power/control", control + "\n")
            let findings = KernelCardCheck(sysfs: root).findings
            #expect(findings.contains { $0.sentence.contains("may sleep") } == isSaid)
            #expect(findings.count == (isSaid ? 1 : 0))
        }
    }

    @Test func `graphics of a processor, other devices and other makers are nobody's business`() throws {
        try withTemporaryDirectory { root in
            try addCard("0x8086", nil, at: "0000:00:02.0", in: root)
            try addCard("0x1002", nil, at: "0000:03:00.1", class: "0x040300", in: root)
            try addCard("0x1a03", nil, at: "0000:04:00.0", in: root)
            #expect(KernelCardCheck(sysfs: root).findings.isEmpty)
        }
    }

    private func addCard(
        _ vendor: String, _ driver: String?, at address: String = "0000:03:00.0", class kind: String = "0x038000",
        in root: String
    ) throws {
        let path = "bus/pci/devices/\(address)"
        try makeDirectories(path, in: root)
        try writeFile("\(root)/\(path)/vendor", vendor + "\n")
        try writeFile("\(root)/\(path)/class", kind + "\n")
        guard let driver else { return }
        try checked("symlink", symlink("../../../../bus/pci/drivers/\(driver)", "\(root)/\(path)/driver"))
    }

    private func makeDirectories(_ path: String, in root: String) throws {
        var directory = root
        for part in path.split(separator: "/") {
            directory += "/\(part)"
            if access(directory, F_OK) != 0 { try checked("mkdir", mkdir(directory, 0o755)) }
        }
    }
}
