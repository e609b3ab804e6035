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
    /// What is too slow, by identity.
    var slow: [String: Slow] = [:]

    /// Remembers a sensor that was opened.
    mutating func keep(_ sensor: HwmonSensor) {
        open[sensor.identity] = sensor
        counted.insert(sensor.identity)
        slow[sensor.identity] = nil
    }

    /// How long a sensor took to be read when it was given up; nil if it was not, or if its device has appeared anew since.
    func slowNanoseconds(_ identity: String, appearance: UInt64) -> UInt64? {
        slow[identity].flatMap { $0.appearance == appearance ? $0.nanoseconds : nil }
    }
}
