public import Counters

/// A machine that does not exist: power follows a triangle wave whose energy is known exactly at any time.
///
/// For trying things out where there is no counter, and for tests, which can compare with the truth. The counters wrap far
/// more often than real ones, so that whoever looks sees wraps handled.
public struct SimulatedSource: Sendable {
    /// One domain's power: up from `base` to `base + swing` and down again in each period.
    public struct Model: Sendable {
        /// What it stands for.
        public let domain: Domain
        let baseMilliwatts: UInt64
        let swingMilliwatts: UInt64
        let periodMilliseconds: UInt64
    }

    /// The domains of the machine.
    public static let models: [Model] = [
        Model(
            domain: Domain(kind: .package, socket: 0), baseMilliwatts: 20_000, swingMilliwatts: 40_000,
            periodMilliseconds: 10_000),
        Model(
            domain: Domain(kind: .core, socket: 0), baseMilliwatts: 10_000, swingMilliwatts: 30_000,
            periodMilliseconds: 10_000),
        Model(
            domain: Domain(kind: .uncore, socket: 0), baseMilliwatts: 1_000, swingMilliwatts: 4_000,
            periodMilliseconds: 6_000),
        Model(
            domain: Domain(kind: .dram, socket: 0), baseMilliwatts: 2_000, swingMilliwatts: 2_000,
            periodMilliseconds: 14_000),
        Model(
            domain: Domain(kind: .psys, socket: 0), baseMilliwatts: 40_000, swingMilliwatts: 50_000,
            periodMilliseconds: 10_000),
    ]

    /// Where the simulated counters wrap, in microjoules: every two minutes or so, and not within the longest interval.
    public static let modulus: UInt64 = 8_192_000_000
    /// No domain of the model takes more.
    static let boundMicrowatts: UInt64 = 100_000_000

    private let startNanoseconds: UInt64

    /// A machine that was started at a time on the monotonic clock.
    public init(startNanoseconds: UInt64) {
        self.startNanoseconds = startNanoseconds
    }

    /// Its counters, in the order of the models. They are shown with RAPL's update period: it bounds what lies between the begin of
    /// a pass and the reading, too.
    static var facts: [CounterFacts] {
        models.map { model in
            CounterFacts(
                source: .simulated, domain: model.domain, identity: "simulated/\(model.domain.tag)", name: "simulated",
                modulus: modulus, unitMicrojoules: 1, boundMicrowatts: boundMicrowatts)
        }
    }

    func read(_ index: Int, at now: UInt64) -> Reading {
        let elapsed = now >= startNanoseconds ? now - startNanoseconds : 0
        let truth = SimulatedSource.models[index].microjoules(afterMicroseconds: elapsed / 1000)
        return .counter(truth % SimulatedSource.modulus)
    }
}

extension SimulatedSource.Model {
    /// The energy used since the start: the truth that the exporter's counter is to be compared with.
    ///
    /// milliwatts x microseconds are nanojoules. Within a period the triangle's area is t^2/period up to the middle, and
    /// mirrored after it. All products stay below 2^64 for 100 days.
    public func microjoules(afterMicroseconds time: UInt64) -> UInt64 {
        let period = periodMilliseconds * 1000
        let (wholePeriods, rest) = time.quotientAndRemainder(dividingBy: period)
        let steady = baseMilliwatts * time / 1000
        let wholeWaves = wholePeriods * (swingMilliwatts * periodMilliseconds / 2)
        return steady + wholeWaves + wave(rest)
    }

    /// The wave's energy in microjoules after so many microseconds of a period.
    private func wave(_ microseconds: UInt64) -> UInt64 {
        let period = periodMilliseconds * 1000
        if microseconds <= period / 2 { return area(microseconds) }
        return swingMilliwatts * periodMilliseconds / 2 - area(period - microseconds)
    }

    private func area(_ microseconds: UInt64) -> UInt64 {
        // swing[mW] * t^2[us^2] / period[us] = nJ; / 1000 = uJ.
        swingMilliwatts * (microseconds * microseconds / 1000) / (periodMilliseconds * 1000)
    }
}
