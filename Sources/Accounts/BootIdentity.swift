/// Which start of the machine this is. See /proc/sys/kernel/random/boot_id in random(4).
public struct BootIdentity: Sendable, Equatable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads a UUID's 32 hexadecimal digits, with any dashes between them.
    public init?(_ text: String) {
        let digits = text.filter(\.isHexDigit)
        guard digits.count == 32, let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}
