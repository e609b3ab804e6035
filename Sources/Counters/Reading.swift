/// What one attempt to read a counter gave.
public enum Reading: Equatable, Sendable {
    /// What the counter shows, in microjoules. `afterGap`: nothing is known of the time between the latest good reading and this
    /// one, and what the counter has counted over it, if anything, is not to be believed.
    case counter(UInt64, afterGap: Bool = false)
    /// Nothing was learned.
    case failure(ReadFailure)
}

/// Why a counter could not be read, as the label `reason` tells it.
public enum ReadFailure: String, Sendable, CaseIterable {
    /// The driver could not read the hardware: EINVAL, which is how the powercap framework passes on every driver's error, or EIO.
    case driverError = "driver_error"
    /// The zone was unregistered: ENODEV, for ever on the descriptor that has it open.
    case unregistered
    /// Bytes that are not a number, or a number beyond the counter's range.
    case garbage
    /// Nothing at all.
    case empty
    /// The device is suspended or the sensor is switched off: EPERM (amdgpu) or ENODATA from a read, not from opening.
    case asleep
    /// Reading took so long that it holds up everything else: the sensor is given up, and not read any more.
    case slow
    /// Nobody has published it for so long that nothing is known of it any more.
    case stale
    /// Any other error.
    case other
}
