import Kernel
import Sources

/// The machine itself, as far as it decides which energy counters there are and what they mean.
struct Machine {
    let processor: ProcessorIdentity
    let isARM: Bool
    /// As the kernel prints it.
    let processorName: String?
    /// `6.1.0-56-amd64`.
    let kernelRelease: String?
    let isVirtual: Bool
    /// Maker and name of the machine, as its firmware says; empty if it does not.
    let firmwareName: String
    /// The processor shows SGX, with which Intel blurs energy counters.
    let showsSGX: Bool

    var vendor: ProcessorVendor { processor.vendor }

    /// Intel's processors for clients compute what they do not measure.
    var isIntelClient: Bool { vendor == .intel && processorName.map { !$0.contains("Xeon") } ?? false }

    /// What one processor takes in /proc/cpuinfo is less; the others are alike.
    private static let cpuinfoBytes = 16_384

    /// `sysfs` and `procfs` are the roots of these file systems. What cannot be read is not known.
    init(sysfs: String, procfs: String) {
        let cpuinfo = CPUInfo(Machine.text(procfs + "/cpuinfo", limit: Machine.cpuinfoBytes))
        let maker = Machine.line(sysfs + "/class/dmi/id/sys_vendor")
        let product = Machine.line(sysfs + "/class/dmi/id/product_name")
        processor = ProcessorIdentity(procfs: procfs)
        isARM = cpuinfo["CPU implementer"] != nil
        processorName = cpuinfo["model name"]
        showsSGX = cpuinfo.hasFlag("sgx")
        let release = Machine.line(procfs + "/sys/kernel/osrelease")
        kernelRelease = release.isEmpty ? nil : release
        // Processors of x86 have a bit for it; of others only the firmware tells. Clouds rent whole machines, too.
        let isByFirmware = isARM && Machine.virtualMakers.contains(maker) && !product.hasSuffix("metal")
        isVirtual = cpuinfo.hasFlag("hypervisor") || isByFirmware
        firmwareName = [maker, product].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// What the firmware of virtual machines calls its maker.
    private static let virtualMakers = [
        "QEMU", "KVM", "Amazon EC2", "Google", "VMware, Inc.", "Xen", "Microsoft Corporation",
    ]

    private static func line(_ path: String) -> String {
        String(text(path, limit: 256).prefix { $0 != "\n" })
    }

    private static func text(_ path: String, limit: Int) -> String {
        do {
            return String(decoding: try Files.read(path, limit: limit), as: UTF8.self)
        } catch {
            return ""
        }
    }
}

/// /proc/cpuinfo, of which the first processor is looked at. See proc(5).
private struct CPUInfo {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    /// The first value under a name; nil if there is none.
    subscript(name: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, trimmed(parts[0]) == name else { continue }
            return trimmed(parts[1])
        }
        return nil
    }

    func hasFlag(_ flag: String) -> Bool {
        self["flags"]?.split(separator: " ").contains(Substring(flag)) ?? false
    }

    private func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}

/// What the processor and its surroundings change in the meaning of the numbers.
struct ProcessorCheck {
    let machine: Machine

    var findings: [Finding] {
        var findings: [Finding] = []
        let facts = [
            machine.processorName.map { "the processor is \($0)" }, machine.isARM ? "the processor is an ARM" : nil,
            machine.kernelRelease.map { "the kernel Linux \($0)" },
        ]
        let sentence = facts.compactMap { $0 }.joined(separator: ", ")
        if let first = sentence.first {
            findings.append(Finding(.ok, .processor, first.uppercased() + sentence.dropFirst() + "."))
        }
        if machine.isVirtual {
            let name = machine.firmwareName.isEmpty ? "" : " (\(machine.firmwareName))"
            findings.append(
                Finding(
                    .note, .processor,
                    "This is a virtual machine\(name): energy counters are its host's, and one that is seen here tells "
                        + "what the host wants to tell."))
        }
        if let remark = machine.processor.remark {
            findings.append(Finding(.note, .processor, remark.prefix(1).uppercased() + remark.dropFirst() + "."))
        }
        switch machine.vendor {
        case .amd:
            findings.append(
                Finding(
                    .note, .processor,
                    "AMD computes energy from activity: what depends on data is missed, and memory has no counter."))
        case .intel where machine.showsSGX:
            findings.append(
                Finding(
                    .note, .processor,
                    "SGX is on, so Intel blurs the counters (INTEL-SA-00389): power over less than a second may be far off, "
                        + "energy over seconds is not.",
                    remedy: "switch SGX off in the firmware's settings if nothing uses it, or look at longer intervals")
            )
        case .intel where machine.processor.remark == nil:
            findings.append(
                Finding(
                    .ok, .processor,
                    "SGX is off, so Intel does not blur the counters (INTEL-SA-00389) unless the firmware asks for it.")
            )
        case .intel, .unknown: break
        }
        return findings
    }
}
