/// The mean power in the time before a moment of the wall clock.
struct PowerSample: Equatable {
    let microseconds: UInt64
    let milliwatts: UInt32
}

/// Power in equal parts of a time that ended at a moment of the monotonic clock.
public struct PowerCourse: Equatable, Sendable {
    /// The length of a part.
    public let everyNanoseconds: UInt64
    /// The end of the last part.
    public let untilNanoseconds: UInt64
    /// The mean power in each.
    public let milliwatts: [UInt64]
}

/// What a GPU's driver sampled of its power since it was asked last, in the order of time.
struct PowerSamples {
    /// As the drivers of 2025 sample.
    static let usualNanoseconds: UInt64 = 20_000_000

    /// Older ones are dropped when there are more.
    let most: Int
    private(set) var samples: [PowerSample] = []
    /// The stamp of the latest sample ever taken.
    private(set) var latestMicroseconds: UInt64 = 0

    init(most: Int) {
        self.most = most
        samples.reserveCapacity(most + SampleRoom.capacity)
    }

    mutating func take(_ append: (UInt64, inout [PowerSample]) throws(NVMLCode) -> Void) throws(NVMLCode) {
        try append(latestMicroseconds, &samples)
        latestMicroseconds = samples.last?.microseconds ?? latestMicroseconds
        if samples.count > most { samples.removeFirst(samples.count - most) }
    }

    /// Hands over what there is, and forgets it. Samples come every 20 ms with some jitter, so that equal parts of the same sum are the
    /// same but for that.
    ///
    /// - Parameter now: the same moment on the wall clock and the monotonic clock, in nanoseconds. The wall clock may have been set
    ///   since a sample was taken: none is of the future.
    mutating func handOver(now: (real: UInt64, monotonic: UInt64)) -> PowerCourse? {
        guard let first = samples.first, let last = samples.last else { return nil }
        defer { samples.removeAll(keepingCapacity: true) }
        let age = now.real - min(now.real, last.microseconds &* 1000)
        guard age < now.monotonic else { return nil }
        let span = (last.microseconds - first.microseconds) &* 1000
        let every = samples.count > 1 ? span / UInt64(samples.count - 1) : PowerSamples.usualNanoseconds
        return PowerCourse(
            everyNanoseconds: every, untilNanoseconds: now.monotonic - age,
            milliwatts: samples.map { UInt64($0.milliwatts) })
    }

    /// Forgets what there is, such as of the time before anybody asked.
    mutating func forget() {
        samples.removeAll(keepingCapacity: true)
    }
}
