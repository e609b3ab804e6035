/// What a call of NVIDIA's library gave that was not success: nvmlReturn_t.
public struct NVMLCode: Equatable, Sendable, Error {
    /// The library's number.
    public let number: Int32

    /// The code of a number.
    public init(number: Int32) {
        self.number = number
    }

    /// Not initialised, or not in this process.
    public static let uninitialized = NVMLCode(number: 1)
    /// The GPU, or its driver, does not have this.
    public static let notSupported = NVMLCode(number: 3)
    /// The device nodes do not let this user in.
    public static let noPermission = NVMLCode(number: 4)
    /// The driver is not loaded, or its device nodes are not there.
    public static let driverNotLoaded = NVMLCode(number: 9)
    /// The GPU did not answer in time.
    public static let timeout = NVMLCode(number: 10)
    /// The library does not have this function.
    public static let functionNotFound = NVMLCode(number: 13)
    /// The GPU has fallen off its bus, or is not to be reached any more.
    public static let lost = NVMLCode(number: 15)
    /// The GPU works again only after a reset.
    public static let resetRequired = NVMLCode(number: 16)
    /// The library and the kernel's module are of different versions.
    public static let versionMismatch = NVMLCode(number: 18)
    /// An error inside the driver.
    public static let unknown = NVMLCode(number: 999)

    /// The driver or a GPU has changed so that nothing that was opened before is worth anything: a new process has to begin anew.
    public var endsProcess: Bool {
        switch self {
        case .uninitialized, .lost, .resetRequired, .versionMismatch, .unknown: true
        default: false
        }
    }

    /// The GPU cannot do this at all.
    public var isAbsence: Bool { self == .notSupported || self == .functionNotFound }
}

/// In words.
extension NVMLCode: CustomStringConvertible {
    /// What is wrong and what mends it, in a sentence without its beginning and end.
    public var description: String {
        switch self {
        case .uninitialized: "the driver's library is not initialised in this process (code 1)"
        case .notSupported: "the GPU or its driver does not have this (code 3)"
        case .noPermission:
            "the mode of the device nodes /dev/nvidia* does not let this user in (code 4): see NVreg_DeviceFileMode"
        case .driverNotLoaded:
            "the driver is loaded, but its device nodes /dev/nvidia* are not there or hidden (code 9): start nvidia-persistenced or run "
                + "nvidia-smi once, and leave out PrivateDevices="
        case .timeout: "the GPU did not answer in time (code 10)"
        case .functionNotFound: "the driver's library is too old for this (code 13)"
        case .lost: "the GPU is lost (code 15): the kernel's log has the Xid that says why"
        case .resetRequired: "the GPU has to be reset (code 16): stop what uses it, then nvidia-smi --gpu-reset"
        case .versionMismatch:
            "the driver's library is of another version than the kernel's module (code 18): after an upgrade of the driver, reboot"
        case .unknown: "an error inside the driver (code 999): the kernel's log may say more"
        default: "error \(number) of the driver's library"
        }
    }
}
