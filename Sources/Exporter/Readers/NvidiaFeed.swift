import GPU
import Publishing

/// What is published of NVIDIA's GPUs.
extension FeedDevice {
    /// The counter's value is new so often, on those that were looked at (H100 and H200).
    private static let counterNanoseconds: UInt64 = 100_000_000

    init(_ facts: GPUFacts) {
        // Power goes beyond the limit for moments.
        let bound = facts.highestLimitMilliwatts.map { 2 * microwatts($0) }
        self.init(
            identity: facts.identity, domain: "nvidia_gpu_\(facts.number)", kind: .gpu,
            updateNanoseconds: FeedDevice.counterNanoseconds, boundMicrowatts: bound == 0 ? nil : bound)
        labels = [("vendor", "nvidia")]
        if let model = facts.model { labels.append(("model", model)) }
        labels.append(("uuid", facts.identity))
        if let place = facts.busIdentifier { labels.append(("pci_bus_id", place)) }
        if facts.isDivided { labels.append(("mig", "yes")) }
        if facts.isPersistent == false { labels.append(("persistence", "no")) }
    }
}

private func microwatts(_ milliwatts: UInt64) -> UInt64 { milliwatts * 1000 }

extension FeedReason {
    init(_ code: NVMLCode) {
        switch code {
        case .notSupported, .functionNotFound: self = .notSupported
        case .noPermission, .driverNotLoaded: self = .forbidden
        case .timeout: self = .timeout
        case .lost, .resetRequired: self = .lost
        case .versionMismatch: self = .driverMismatch
        default: self = .error
        }
    }
}

extension FeedWriter {
    /// One reading of a GPU, which took some time.
    mutating func add(_ device: FeedDevice, _ reading: GPUReading, at moment: FeedMoment) {
        switch reading {
        case .energy(let millijoules):
            addCounter(device, raw: millijoules, unitMicrojoules: 1000, at: moment)
        case .power(let milliwatts):
            addPower(device, microwatts: microwatts(milliwatts), at: moment)
        case .failure(let code):
            addUnreadable(device, FeedReason(code), code.description)
        }
    }
}

extension FeedSamples {
    init(_ course: PowerCourse) {
        self.init(
            everyNanoseconds: course.everyNanoseconds, untilNanoseconds: course.untilNanoseconds,
            milliwatts: course.milliwatts)
    }
}
