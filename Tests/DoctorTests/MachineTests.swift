import Glibc
import Kernel
import Sources
import TestSupport
import Testing

@testable import Doctor

@Suite struct MachineTests {
    @Test func `an Intel client on hardware`() throws {
        try withMachine(cpuinfo: intel(flags: "fpu vme"), release: "6.1.0-56-amd64") { machine in
            #expect(machine.vendor == .intel)
            #expect(machine.processorName == "Intel(R) Core(TM) i7")
            #expect(machine.isIntelClient)
            #expect(!machine.isVirtual && !machine.isARM && !machine.showsSGX)
            let findings = ProcessorCheck(machine: machine).findings
            #expect(
                findings.map(\.sentence) == [
                    "The processor is Intel(R) Core(TM) i7, the kernel Linux 6.1.0-56-amd64.",
                    "SGX is off, so Intel does not blur the counters (INTEL-SA-00389) unless the firmware asks for it.",
                ])
            #expect(findings.allSatisfy { $0.status == .ok })
        }
    }

    @Test func `SGX blurs`() throws {
        try withMachine(cpuinfo: intel(flags: "fpu sgx vme")) { machine in
            #expect(machine.showsSGX)
            let blur = try #require(ProcessorCheck(machine: machine).findings.last)
            #expect(blur.status == .note)
            #expect(blur.sentence.contains("INTEL-SA-00389"))
            #expect(blur.remedy != nil)
        }
    }

    @Test func `a flag is a whole word`() throws {
        try withMachine(cpuinfo: intel(flags: "sgx_lc nohypervisor")) { machine in
            #expect(!machine.showsSGX && !machine.isVirtual)
        }
    }

    @Test func `a server is no client`() throws {
        let server = intel(flags: "fpu").replacing("Core(TM) i7", with: "Xeon(R) Gold 6130")
        try withMachine(cpuinfo: server) { machine in #expect(!machine.isIntelClient) }
    }

    @Test func `a virtual machine is named by its firmware`() throws {
        try withMachine(cpuinfo: intel(flags: "fpu hypervisor"), maker: "QEMU", product: "Standard PC") { machine in
            #expect(machine.isVirtual)
            let findings = ProcessorCheck(machine: machine).findings
            #expect(findings[1].status == .note)
            #expect(findings[1].sentence.hasPrefix("This is a virtual machine (QEMU Standard PC): "))
        }
        try withMachine(cpuinfo: intel(flags: "hypervisor")) { machine in
            #expect(ProcessorCheck(machine: machine).findings[1].sentence.hasPrefix("This is a virtual machine: "))
        }
    }

    @Test(arguments: [
        ("Amazon EC2", "a1.large", true), ("Amazon EC2", "a1.metal", false), ("QEMU", "virt", true),
        ("Ampere", "Altra", false), ("", "", false),
    ])
    func `an ARM is virtual if its firmware says so`(maker: String, product: String, isVirtual: Bool) throws {
        let cpuinfo = "processor\t: 0\nBogoMIPS\t: 50\nFeatures\t: fp\nCPU implementer\t: 0x41\n"
        try withMachine(cpuinfo: cpuinfo, maker: maker, product: product) { machine in
            #expect(machine.isARM)
            #expect(machine.isVirtual == isVirtual)
            #expect(ProcessorCheck(machine: machine).findings[0].sentence == "The processor is an ARM.")
        }
    }

    @Test func `hardware of a maker that makes virtual ones too is told by the processor`() throws {
        try withMachine(cpuinfo: intel(flags: "fpu"), maker: "Amazon EC2", product: "m5.metal") { machine in
            #expect(!machine.isVirtual)
        }
    }

    @Test func `AMD computes`() throws {
        try withMachine(cpuinfo: "vendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n") { machine in
            #expect(machine.vendor == .amd)
            #expect(ProcessorCheck(machine: machine).findings.map(\.status) == [.ok, .note])
        }
    }

    @Test(arguments: ["\n\n:\n : \nflags\n", "\u{FFFD}"])
    func `a machine that tells nothing is not known`(cpuinfo: String) throws {
        try withMachine(cpuinfo: cpuinfo) { machine in
            #expect(machine.vendor == .unknown)
            #expect(ProcessorCheck(machine: machine).findings.isEmpty)
        }
    }

    private func intel(flags: String) -> String {
        "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Core(TM) i7\nflags\t\t: \(flags)\n\n"
    }
}

/// Lends a machine by what its kernel shows.
func withMachine(
    cpuinfo: String, maker: String = "", product: String = "", release: String? = nil, _ body: (Machine) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        try makeDirectories("class/dmi/id", in: directory)
        try makeDirectories("sys/kernel", in: directory)
        try writeFile(directory + "/cpuinfo", cpuinfo)
        try writeFile(directory + "/class/dmi/id/sys_vendor", maker + "\n")
        try writeFile(directory + "/class/dmi/id/product_name", product + "\n")
        if let release { try writeFile(directory + "/sys/kernel/osrelease", release + "\n") }
        try body(Machine(sysfs: directory, procfs: directory))
    }
}

/// Makes a directory and those it lies in.
func makeDirectories(_ path: String, in root: String) throws {
    var directory = root
    for name in path.split(separator: "/") {
        directory += "/\(name)"
        if access(directory, F_OK) != 0 { try checked("mkdir \(directory)", mkdir(directory, 0o755)) }
    }
}
