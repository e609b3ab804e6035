import Counters

/// Looking again at how much power is plausible.
extension Sources {
    /// The bound of plausible power of one counter as it is now, in microwatts.
    public mutating func refreshBound(_ index: Int) -> UInt64 {
        counters[index].boundMicrowatts
    }
}
