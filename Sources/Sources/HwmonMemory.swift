/// What is remembered of sensors from one look at the directories to the next.
struct HwmonMemory: Sendable {
    /// A sensor that is too slow to be read.
    struct Slow: Sendable {
        /// Which appearance of its device it was found in: a device that is plugged in again gets another chance.
        let appearance: UInt64
        /// How long a reading took.
        let nanoseconds: UInt64
    }

    /// Which name belongs to which device and channel.
    var names = SensorNames()
    /// What is open, by identity: it is not read once more to know whether it can be.
    var open: [String: HwmonSensor] = [:]
    /// What was ever counted, by identity: its rail goes on being counted by it.
    var counted: Set<String> = []
    /// Chips of which one reading took too long while they were looked at, by their appearance, and how long it took.
    var slowChips: [UInt64: UInt64] = [:]
    /// What is too slow, by identity.
    var slow: [String: Slow] = [:]

    /// Cards whose accumulator of energy stood still while they ran, by identity: they are counted by their power.
    var stuck: Set<String> = []

    /// Remembers a sensor that was opened.
    mutating func keep(_ sensor: HwmonSensor) {
        open[sensor.identity] = sensor
        counted.insert(sensor.identity)
        slow[sensor.identity] = nil
    }

    /// How long a sensor took to be read when it was given up; nil if it was not, or if its device has appeared anew since.
    func slowNanoseconds(_ identity: String, appearance: UInt64) -> UInt64? {
        if let slow = slow[identity], slow.appearance == appearance { return slow.nanoseconds }
        return slowChips[appearance]
    }

    /// Takes in how long a chip took to answer while it was looked at.
    mutating func note(chip appearance: UInt64, took nanoseconds: UInt64) {
        guard nanoseconds > SensorPace.longestNanoseconds else { return }
        slowChips[appearance] = nanoseconds
    }

    /// By what a channel is known that is open or too slow in an appearance of its device, whose identity is `wanted` if nobody else
    /// has it.
    func identity(_ wanted: String, appearance: UInt64) -> String? {
        appearances.filter { $0.appearance == appearance && isNumbered($0.identity, wanted) }.map(\.identity).min()
    }

    /// Everything that is open or too slow in some appearances of devices.
    func kept(appearances: Set<UInt64>) -> Set<String> {
        Set(self.appearances.filter { appearances.contains($0.appearance) }.map(\.identity))
    }

    /// The sensors that are or were here and whose identities are too long for a feed, by what stands for them there.
    var longIdentities: [String: String] {
        let known = Set(names.names.keys).union(slow.keys).filter { FeedDiscovery.isLong($0) }
        return Dictionary(known.map { (FeedDiscovery.id($0), $0) }) { one, other in min(one, other) }
    }

    private var appearances: [(identity: String, appearance: UInt64)] {
        open.map { ($0.key, $0.value.appearance) } + slow.map { ($0.key, $0.value.appearance) }
    }
}
