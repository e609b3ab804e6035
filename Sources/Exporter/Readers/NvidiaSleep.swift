import GPU

/// Whether the library may be opened, which wakes all GPUs that sleep, and keeps them awake.
struct NvidiaSleep {
    static let text = "it is switched off while nobody uses it, or was until a moment ago, and is not woken for this"
    /// One that is awake for so long is used by somebody else. What used it before, such as a reader, keeps it awake for some seconds.
    private static let awakeNanoseconds: UInt64 = 30_000_000_000

    private let driver: NVIDIADriver
    private var awakeSince: UInt64?

    init(_ driver: NVIDIADriver) {
        self.driver = driver
    }

    /// GPUs that never sleep are no reason to wait.
    mutating func isOpeningBad(_ gpus: [NVIDIADriver.GPU], at now: UInt64) -> Bool {
        let sleepers = gpus.filter(\.sleeps)
        guard !sleepers.isEmpty else { return false }
        guard sleepers.allSatisfy({ driver.isAwake($0) }) else {
            awakeSince = nil
            return true
        }
        let since = awakeSince ?? now
        awakeSince = since
        return now - since < NvidiaSleep.awakeNanoseconds
    }
}

/// Whether a GPU that sleeps when it is left alone is kept awake by nobody but this reader.
struct NvidiaIdleness {
    private static let patienceNanoseconds: UInt64 = 30_000_000_000

    private var idleSince: UInt64?

    /// To be asked every few seconds.
    mutating func isLeftAlone(isComputing: Bool, at now: UInt64) -> Bool {
        guard !isComputing else {
            idleSince = nil
            return false
        }
        let since = idleSince ?? now
        idleSince = since
        return now - since >= NvidiaIdleness.patienceNanoseconds
    }
}

extension GPUCards {
    /// Those that sleep when they are left alone.
    var sleepers: [Int] { (0..<count).filter { facts($0).sleeps } }

    /// Whether processes compute on any of some GPUs. One that does not say counts as left alone.
    func areComputing(_ indices: [Int]) -> Bool { indices.contains { isComputing($0) ?? false } }

    /// Some GPU could never be read, which another process may.
    var isMissingOne: Bool { (0..<count).contains { isWorthAnotherStart($0) } }
}
