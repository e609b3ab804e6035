/// What is measured, as a feed names it.
public struct FeedDevice: Equatable, Sendable {
    /// What kind of domain it is.
    public enum Kind: String, Sendable {
        case gpu
        case sensor
    }

    /// The device: 1 to 96 bytes that stay the same for as long as it exists.
    public var identity: String
    /// What it is called where nobody else has the name: 1 to 63 small letters, digits and underscores.
    public var domain: String
    /// What kind of domain it is.
    public var kind: Kind
    /// What it shows can be as old as this; nil if that is not known.
    public var updateNanoseconds: UInt64?
    /// More power than this is not believed of it; nil for what is usual of its kind.
    public var boundMicrowatts: UInt64?
    /// Further facts for people and for joining with what others measure: `vendor`, `model`, `uuid`, `pci_bus_id`.
    public var labels: [(name: String, text: String)] = []

    /// A device without labels.
    public init(
        identity: String, domain: String, kind: Kind, updateNanoseconds: UInt64? = nil, boundMicrowatts: UInt64? = nil
    ) {
        self.identity = FeedDevice.shortened(identity)
        self.domain = domain
        self.kind = kind
        self.updateNanoseconds = updateNanoseconds
        self.boundMicrowatts = boundMicrowatts
    }

    /// Whether two say the same.
    public static func == (one: FeedDevice, other: FeedDevice) -> Bool {
        (one.identity, one.domain, one.kind, one.updateNanoseconds, one.boundMicrowatts)
            == (other.identity, other.domain, other.kind, other.updateNanoseconds, other.boundMicrowatts)
            && one.labels.elementsEqual(other.labels, by: ==)
    }
}

/// When something was read, on CLOCK_MONOTONIC.
public struct FeedMoment: Equatable, Sendable {
    /// The middle of the reading.
    public var nanoseconds: UInt64
    /// How long the reading took: what it showed is of some moment in that time.
    public var spreadNanoseconds: UInt64

    /// The middle of a reading between two moments.
    public init(from start: UInt64, to end: UInt64) {
        spreadNanoseconds = end - min(start, end)
        nanoseconds = end - spreadNanoseconds / 2
    }
}

/// Power in equal parts of the time since the last publication, the last part until a moment on CLOCK_MONOTONIC.
public struct FeedSamples: Equatable, Sendable {
    /// The length of a part.
    public var everyNanoseconds: UInt64
    /// The end of the last one.
    public var untilNanoseconds: UInt64
    /// The mean power in each, at most 1,000 of them.
    public var milliwatts: [UInt64]

    /// Parts of a time.
    public init(everyNanoseconds: UInt64, untilNanoseconds: UInt64, milliwatts: [UInt64]) {
        self.everyNanoseconds = everyNanoseconds
        self.untilNanoseconds = untilNanoseconds
        self.milliwatts = milliwatts
    }
}

/// Why a device that is there cannot be read, as a feed tells it.
public enum FeedReason: String, CaseIterable, Sendable {
    case notSupported = "not_supported"
    case forbidden
    case asleep
    case lost
    case driverMismatch = "driver_mismatch"
    case timeout
    case error
}
