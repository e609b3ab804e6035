internal import CNVML

/// One GPU as the library knows it, until the process ends.
@safe
public struct GPUHandle {
    private let device: OpaquePointer

    /// Finds the GPU of a number, counted from 0.
    public init(number: Int) throws(NVMLCode) {
        var found: OpaquePointer?
        try NVML.check(unsafe cnvmlDeviceGetHandleByIndex_v2(UInt32(number), &found))
        guard let found = unsafe found else { throw .unknown }
        unsafe device = found
    }

    /// `GPU-76faf985-...`: it stays the same for as long as the GPU exists.
    public func uuid() throws(NVMLCode) -> String {
        try unsafe NVML.text { buffer, length in unsafe cnvmlDeviceGetUUID(device, buffer, length) }
    }

    /// What it is, such as `NVIDIA H200`.
    public func model() throws(NVMLCode) -> String {
        try unsafe NVML.text { buffer, length in unsafe cnvmlDeviceGetName(device, buffer, length) }
    }

    /// Where it is plugged in, such as `00000000:00:06.0`.
    public func busIdentifier() throws(NVMLCode) -> String {
        var information = cnvml_pci_info()
        try NVML.check(unsafe cnvmlDeviceGetPciInfo_v3(device, &information))
        return unsafe withUnsafeBytes(of: information.bus_identifier) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The highest power limit that it can be set to, in milliwatts.
    public func highestLimitMilliwatts() throws(NVMLCode) -> UInt64 {
        var (lowest, highest): (UInt32, UInt32) = (0, 0)
        try NVML.check(unsafe cnvmlDeviceGetPowerManagementLimitConstraints(device, &lowest, &highest))
        return UInt64(highest)
    }

    /// It is divided into instances, which are all in its energy.
    public func isDivided() throws(NVMLCode) -> Bool {
        var (current, pending): (UInt32, UInt32) = (0, 0)
        try NVML.check(unsafe cnvmlDeviceGetMigMode(device, &current, &pending))
        return current == 1
    }

    /// The driver keeps it initialised while nobody uses it.
    public func isPersistent() throws(NVMLCode) -> Bool {
        var mode: UInt32 = 0
        try NVML.check(unsafe cnvmlDeviceGetPersistenceMode(device, &mode))
        return mode == 1
    }

    /// The energy that it has used since its driver was loaded, in millijoules.
    public func energyMillijoules() throws(NVMLCode) -> UInt64 {
        var millijoules: UInt64 = 0
        try NVML.check(unsafe cnvmlDeviceGetTotalEnergyConsumption(device, &millijoules))
        return millijoules
    }

    /// Its power in milliwatts: the mean of the last second, on those of 2022 and later.
    public func powerMilliwatts() throws(NVMLCode) -> UInt64 {
        var milliwatts: UInt32 = 0
        try NVML.check(unsafe cnvmlDeviceGetPowerUsage(device, &milliwatts))
        return UInt64(milliwatts)
    }

    /// How many processes compute on it.
    public func computingProcesses() throws(NVMLCode) -> Int {
        var count: UInt32 = 0
        let result = unsafe cnvmlDeviceGetComputeRunningProcesses_v3(device, &count, nil)
        // With no room for them, the library says how many there are and that they do not fit.
        if result != GPUHandle.insufficientSize { try NVML.check(result) }
        return Int(count)
    }

    private static let insufficientSize: Int32 = 7

    /// Appends the samples of power since one that is known by its stamp.
    func appendSamples(
        since stamp: UInt64, to samples: inout [PowerSample], through room: borrowing SampleRoom
    ) throws(NVMLCode) {
        var (type, count): (UInt32, UInt32) = (0, UInt32(SampleRoom.capacity))
        let kind = UInt32(CNVML_TOTAL_POWER_SAMPLES)
        let result = unsafe cnvmlDeviceGetSamples(device, kind, stamp, &type, &count, room.samples)
        if NVMLCode(number: result) == GPUHandle.noData { return }
        try NVML.check(result)
        guard type == UInt32(CNVML_VALUE_UNSIGNED_INT) else { throw .notSupported }
        for index in 0..<min(Int(count), SampleRoom.capacity) {
            let sample = unsafe room.samples[index]
            guard sample.microseconds > samples.last?.microseconds ?? stamp else { continue }
            samples.append(
                PowerSample(microseconds: sample.microseconds, milliwatts: unsafe sample.value.unsigned_int))
        }
    }

    private static let noData = NVMLCode(number: 21)
}

/// Room for what the driver keeps of the power of one GPU: 120 samples as of 2025.
@safe
struct SampleRoom: ~Copyable {
    static let capacity = 512

    fileprivate let samples: UnsafeMutablePointer<cnvml_sample>

    init() {
        unsafe samples = UnsafeMutablePointer.allocate(capacity: SampleRoom.capacity)
        unsafe samples.initialize(repeating: cnvml_sample(), count: SampleRoom.capacity)
    }

    deinit {
        unsafe samples.deallocate()
    }
}
