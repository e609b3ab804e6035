/// Turns the raw readings of one wrapping counter into a total that only grows.
///
/// Pure: it knows neither clocks nor files. The first reading is where counting starts and adds nothing, since what came
/// before was not used while anybody watched.
public struct CounterAccountant: Sendable {
    /// Where the counter starts again from 0.
    public let modulus: UInt64
    /// Everything counted since the first reading, in microjoules.
    public private(set) var totalMicrojoules: UInt64 = 0
    /// How often the counter started again from 0.
    public private(set) var wraps: UInt64 = 0
    private var last: UInt64?

    public init(modulus: UInt64) {
        precondition(modulus > 0)
        self.modulus = modulus
    }

    /// Takes in a reading. False if it is beyond the counter's range, which changes nothing.
    public mutating func note(_ raw: UInt64) -> Bool {
        guard raw < modulus else { return false }
        defer { last = raw }
        guard let last else { return true }
        // Around 2^64 rather than a trap: 18 TJ is out of any machine's reach, but not of a broken driver's.
        if raw >= last {
            totalMicrojoules &+= raw - last
        } else {
            totalMicrojoules &+= modulus - last + raw
            wraps += 1
        }
        return true
    }
}
