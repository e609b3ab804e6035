import Kernel

/// Tells which system calls were refused, if the plan counts them.
public struct RefusedCalls {
    /// One that was refused.
    public struct Call: Equatable, Sendable {
        /// As the kernel's tables have it, or its number.
        public let name: String
        /// How often since the last time that it was told.
        public let count: UInt32
    }

    private var told: [UInt32] = Array(repeating: 0, count: TrappedCalls.numbers.count)

    public init() {}

    /// Those that were refused since the last time.
    public mutating func takeNew() -> [Call] {
        var calls: [Call] = []
        for number in TrappedCalls.numbers {
            let count = TrappedCalls.count(number)
            let difference = count &- told[number]
            guard difference > 0 else { continue }
            told[number] = count
            calls.append(Call(name: SystemCallFilter.name(of: number) ?? String(number), count: difference))
        }
        return calls
    }
}
