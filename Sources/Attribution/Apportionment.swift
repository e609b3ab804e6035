import Bytes

/// Shares an interval's energy out by weights, so that the parts add up to the whole, whatever the weights are.
///
/// Each part is the difference of two running quotas that are rounded down, `E * S(j) / S - E * S(j - 1) / S`, where `S(j)` is the
/// sum of the first `j` weights and `S` that of all. So the parts telescope: their sum is `E`, no part is a microjoule or more away
/// from its quota, and a weight of 0 gets nothing. Nothing is sorted and nothing is allocated.
public struct Apportionment: Sendable {
    /// What is shared out, in microjoules.
    public let microjoules: UInt64
    /// The sum of all weights that will be taken.
    public let totalWeight: UInt64
    private var takenWeight: UInt64 = 0
    /// What the weights taken so far were given together, in microjoules.
    public private(set) var givenMicrojoules: UInt64 = 0

    /// - Parameter totalWeight: the sum of all weights that will be taken; if it is 0, nothing can be given.
    public init(microjoules: UInt64, totalWeight: UInt64) {
        self.microjoules = microjoules
        self.totalWeight = totalWeight
    }

    /// What nobody has been given yet, in microjoules: 0 as soon as all weights are taken, unless all of them are 0.
    public var remainingMicrojoules: UInt64 { microjoules - givenMicrojoules }

    /// The part of the next weight, in microjoules. What exceeds the announced total counts as 0.
    public mutating func part(of weight: UInt64) -> UInt64 {
        guard totalWeight > 0 else { return 0 }
        takenWeight = min(takenWeight.saturatingSum(weight), totalWeight)
        let quota = microjoules.scaled(by: takenWeight, over: totalWeight)
        let part = quota - givenMicrojoules
        givenMicrojoules = quota
        return part
    }
}
