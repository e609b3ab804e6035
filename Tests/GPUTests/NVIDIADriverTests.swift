import GPU
import TestSupport
import Testing

@Suite struct NVIDIADriverTests {
    private let root: TemporaryDirectory
    private var driver: NVIDIADriver { NVIDIADriver(procfs: root.path + "/proc", sysfs: root.path + "/sys") }

    init() throws {
        root = try TemporaryDirectory()
    }

    private func add(_ address: String, power: String, information: String) throws {
        let directory = "proc/driver/nvidia/gpus/\(address)"
        try root.directory(directory)
        try root.write("\(directory)/information", information)
        try root.write("\(directory)/power", power)
    }

    @Test func `without the module there is nothing`() {
        #expect(!driver.isLoaded)
        #expect(driver.gpus() == [])
    }

    @Test func `GPUs are known by what the module says, in the order of their places`() throws {
        try root.directory("proc/driver/nvidia")
        try root.write("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX Open Kernel Module\n")
        try add(
            "0000:41:00.0", power: "Runtime D3 status:          Disabled by default\n",
            information: "Model: \t\t NVIDIA H200\nIRQ:   \t\t 33\nGPU UUID: \t GPU-2\nBus Location: \t 0000:41:00.0\n")
        try add(
            "0000:01:00.0", power: "Runtime D3 status:          Enabled (fine-grained)\nVideo Memory: Active\n",
            information: "Model: \t\t Unknown\nGPU UUID: \t GPU-????????-????-????-????-????????????\n")
        let gpus = driver.gpus()
        #expect(driver.isLoaded)
        #expect(gpus.map(\.number) == [0, 1])
        #expect(gpus.map(\.uuid) == [nil, "GPU-2"])
        #expect(gpus.map(\.model) == ["Unknown", "NVIDIA H200"])
        #expect(gpus.map(\.sleeps) == [true, false])
        #expect(gpus.map(\.busIdentifier) == ["00000000:01:00.0", "00000000:41:00.0"])
        #expect(GPUFacts(gpus[0]).identity == "00000000:01:00.0")
    }

    @Test func `one that comes is noticed, with what was open before`() throws {
        try add("0000:01:00.0", power: "", information: "")
        let watch = driver.watch()
        let changes = (watch.hasChanged(), try add("0000:41:00.0", power: "", information: ""), watch.hasChanged())
        #expect(!changes.0 && changes.2)
    }

    @Test(arguments: [("active", true), ("suspended", false), ("suspending", false), ("unsupported", true)])
    func `a GPU sleeps while the kernel says so`(status: String, isAwake: Bool) throws {
        try add("0000:01:00.0", power: "Runtime D3 status: Enabled (coarse-grained)\n", information: "")
        let gpu = try #require(driver.gpus().first)
        #expect(driver.isAwake(gpu))
        try root.directory("sys/bus/pci/devices/0000:01:00.0/power")
        try root.write("sys/bus/pci/devices/0000:01:00.0/power/runtime_status", status + "\n")
        #expect(driver.isAwake(gpu) == isAwake)
    }
}

@Suite struct NVMLTests {
    @Test func `a library that is not there, or is another, is told`() {
        #expect(NVML.load(from: ["/nowhere/libnvidia-ml.so.1", "/nowhere/else"])?.contains("/nowhere/lib") == true)
        #expect(NVML.load(from: ["libc.so.6"])?.contains("no management library") == true)
    }

    @Test(arguments: [1, 3, 4, 9, 10, 13, 15, 16, 18, 999, 77])
    func `every code is in words that fit into a feed`(number: Int32) {
        let text = NVMLCode(number: number).description
        #expect(text.contains("\(number)"))
        #expect(text.utf8.count <= 200)
    }
}
