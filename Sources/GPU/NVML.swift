internal import CNVML

/// NVIDIA's library in this process: loaded and initialised once, and never given back. What it opens ends with the process.
///
/// Calls take milliseconds, and seconds or for ever where a GPU is sick. See "NVML API Reference Guide" of NVIDIA.
public enum NVML {
    /// Where the library is looked for if nobody says: where the loader finds it, and where containers and NVIDIA's operator put it.
    public static let places = [
        "libnvidia-ml.so.1",
        "/usr/local/nvidia/lib64/libnvidia-ml.so.1",
        "/run/nvidia/driver/usr/lib64/libnvidia-ml.so.1",
        "/run/nvidia/driver/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
        "/run/nvidia/driver/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
    ]

    /// Loads the library from the first of some places that has it.
    ///
    /// - Returns: why that is not possible, of the first place; nil if it is done.
    public static func load(from places: [String]) -> String? {
        var failure: String?
        for place in places {
            guard let text = load(place) else { return nil }
            failure = failure ?? text
        }
        return failure ?? "no place to look for it"
    }

    private static func load(_ place: String) -> String? {
        var text = InlineArray<512, CChar>(repeating: 0)
        var span = text.mutableSpan
        return unsafe span.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return "no memory" }
            return unsafe cnvml_load(place, base, buffer.count) ? nil : String(cString: base)
        }
    }

    /// Initialises the library: opens the driver's device nodes.
    public static func initialize() throws(NVMLCode) {
        try check(cnvmlInit_v2())
    }

    /// The driver's version, such as `580.159.04`.
    public static func driverVersion() throws(NVMLCode) -> String {
        try unsafe text { buffer, length in unsafe cnvmlSystemGetDriverVersion(buffer, length) }
    }

    /// How many GPUs there are.
    public static func count() throws(NVMLCode) -> Int {
        var count: UInt32 = 0
        try check(unsafe cnvmlDeviceGetCount_v2(&count))
        return Int(count)
    }

    static func check(_ result: Int32) throws(NVMLCode) {
        if result != 0 { throw NVMLCode(number: result) }
    }

    /// Text that a function writes, at most 95 bytes.
    static func text(_ call: (UnsafeMutablePointer<CChar>, UInt32) -> Int32) throws(NVMLCode) -> String {
        var text = InlineArray<96, CChar>(repeating: 0)
        var span = text.mutableSpan
        let outcome: Result<String, NVMLCode> = unsafe span.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .failure(.unknown) }
            let result = unsafe call(base, UInt32(buffer.count))
            guard result == 0 else { return .failure(NVMLCode(number: result)) }
            unsafe base[buffer.count - 1] = 0
            return unsafe .success(String(cString: base))
        }
        return try outcome.get()
    }
}
