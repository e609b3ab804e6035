/// How often a reader of GPUs does what: one timer for all.
struct NvidiaPace {
    /// The driver keeps its samples of power for some 2.4 s.
    private static let samplesNanoseconds: UInt64 = 2_000_000_000
    private static let processesNanoseconds: UInt64 = 5_000_000_000

    /// From one tick to the next.
    let tickNanoseconds: UInt64
    private let ticksPerPublication: Int
    private let ticksPerSamples: Int
    private let ticksPerProcesses: Int

    init(intervalNanoseconds interval: UInt64) {
        let parts = (interval + NvidiaPace.samplesNanoseconds - 1) / NvidiaPace.samplesNanoseconds
        tickNanoseconds = interval / parts
        ticksPerPublication = Int(parts)
        ticksPerSamples = Int(max(1, NvidiaPace.samplesNanoseconds / tickNanoseconds))
        ticksPerProcesses = Int(max(1, NvidiaPace.processesNanoseconds / tickNanoseconds))
    }

    func publishes(_ tick: Int) -> Bool { tick % ticksPerPublication == 0 }
    func takesSamples(_ tick: Int) -> Bool { tick % ticksPerSamples == 0 }
    func looksForProcesses(_ tick: Int) -> Bool { tick % ticksPerProcesses == 0 }
}
