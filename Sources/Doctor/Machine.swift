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
    /// Where this process is.
    let place: Surroundings
    /// Maker and name of the machine, as its firmware says; empty if it does not.
    let firmwareName: String
    /// The processor shows SGX, with which Intel blurs energy counters.
    let showsSGX: Bool

    var vendor: ProcessorVendor { processor.vendor }
    var isVirtual: Bool { place.isGuest }

    /// Intel's processors for clients compute what they do not measure.
    var isIntelClient: Bool { vendor == .intel && processorName.map { !$0.contains("Xeon") } ?? false }

    /// `sysfs` and `procfs` are the roots of these file systems. What cannot be read is not known.
    init(sysfs: String, procfs: String) {
        let cpuinfo = CPUInfo(procfs: procfs)
        let maker = Machine.line(sysfs + "/class/dmi/id/sys_vendor")
        let product = Machine.line(sysfs + "/class/dmi/id/product_name")
        processor = ProcessorIdentity(procfs: procfs)
        isARM = cpuinfo.isARM
        processorName = cpuinfo["model name"]
        showsSGX = cpuinfo.hasFlag("sgx")
        let release = Machine.line(procfs + "/sys/kernel/osrelease")
        kernelRelease = release.isEmpty ? nil : release
        place = Surroundings(sysfs: sysfs, procfs: procfs)
        firmwareName = [maker, product].filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static func line(_ path: String) -> String {
        do throws(SystemError) {
            let text = String(decoding: try Files.read(path, limit: 256), as: UTF8.self)
            return String(text.prefix { $0 != "\n" })
        } catch {
            return ""
        }
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
                    "This is a virtual machine\(name): energy counters that are seen here tell what its host wants to tell.",
                    remedy: Remedy.onTheHost))
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
