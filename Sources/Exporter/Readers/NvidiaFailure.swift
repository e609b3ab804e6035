import GPU
import Publishing

/// Why no GPU can be read at all.
struct NvidiaFailure {
    /// As the feed says it.
    let reason: FeedReason
    /// What is wrong and what mends it.
    let text: String
    /// So long it is said before another start tries again.
    let patienceNanoseconds: UInt64

    private static let shortNanoseconds: UInt64 = 15_000_000_000
    /// Of what somebody has to mend.
    private static let longNanoseconds: UInt64 = 60_000_000_000

    /// The library cannot be loaded.
    init(noLibrary text: String) {
        reason = .error
        self.text =
            "the driver's library cannot be loaded: install it (the Debian package libnvidia-ml1), or name it: \(text)"
        patienceNanoseconds = NvidiaFailure.longNanoseconds
    }

    /// The library gave a code where all GPUs are concerned.
    init(_ code: NVMLCode, _ driver: NVIDIADriver) {
        reason = FeedReason(code)
        let isWithoutDriver = code == .driverNotLoaded && !driver.isLoaded
        text = isWithoutDriver ? "NVIDIA's driver is not loaded (code 9)" : code.description
        patienceNanoseconds = code == .versionMismatch ? NvidiaFailure.longNanoseconds : NvidiaFailure.shortNanoseconds
    }
}
