import Accounts

/// A mean power, or that none is known, in four bytes: there are many of them.
struct MeanPower {
    /// None is known.
    static let unknown = MeanPower(stored: .max)

    private let stored: UInt32

    private init(stored: UInt32) { self.stored = stored }

    /// That of a total which has grown in a time. One that has fallen is another one, such as the machine's on another basis.
    init(from former: UInt64, to total: UInt64, nanoseconds: UInt64) {
        guard total >= former else {
            self = .unknown
            return
        }
        let power = microwatts(microjoules: total - former, nanoseconds: nanoseconds)
        stored = UInt32(clamping: min(power / 1000, UInt64(UInt32.max - 1)))
    }

    /// Nil if it is not known.
    var milliwatts: UInt64? { stored == MeanPower.unknown.stored ? nil : UInt64(stored) }
}
