public import Counters
import Kernel

/// The sensors of hwmon that a loop in which others wait gives up as too slow (`SensorPace`), for a process that has the time for them.
///
/// They have the identities and names that the loop knows them by. The quick ones are read as well, since any may become slow.
public struct SlowSensors: ~Copyable {
    /// All sensors, in the order in which they are numbered. Energy is in microjoules; of an estimate there is power, in microwatts.
    public private(set) var facts: [CounterFacts] = []

    private let directory: StoredPath
    private let listing: ListingDigest
    private let clock: () -> UInt64
    private var sensors: [HwmonSensor] = []
    private var paces: [SensorPace] = []
    private var descriptors = DescriptorRow(capacity: HwmonSource.capacity)

    /// The paths that are read, now and later, below the root of sysfs.
    public static func searchedPaths(sysfs: String) -> [String] { [sysfs + "/class", sysfs + "/devices"] }

    /// Looks under `sysfs`, the root that has `class/hwmon`, which takes as long as reading all sensors a few times. One that cannot be
    /// read now is left out.
    public init(sysfs: String) {
        self.init(sysfs: sysfs, clock: Clock.monotonicNanoseconds)
    }

    /// - Parameter clock: tells how long a reading takes, in nanoseconds.
    init(sysfs: String, clock: @escaping () -> UInt64) {
        directory = StoredPath(sysfs + "/class/hwmon")
        listing = SlowSensors.list(directory)
        self.clock = clock
        let discovery = HwmonDiscovery(sysfs: sysfs, remembering: HwmonMemory(), clock: clock, isPatient: true)
        for sensor in discovery.sensors {
            do throws(SystemError) {
                descriptors.append(try FileDescriptor.open(reading: sensor.path))
            } catch {
                continue
            }
            let known = discovery.memory.slowNanoseconds(sensor.identity, appearance: sensor.appearance)
            sensors.append(sensor)
            facts.append(sensor.facts)
            paces.append(known.map { SensorPace(slowNanoseconds: $0) } ?? SensorPace())
        }
        // The loop takes two readings in a row to find out.
        for index in sensors.indices where paces[index].slowNanoseconds == nil { for _ in 0..<2 { _ = read(index) } }
    }

    /// How many are slow.
    public var slowCount: Int { paces.count { $0.slowNanoseconds != nil } }

    private static func list(_ directory: StoredPath) -> ListingDigest {
        var digest = ListingDigest()
        digest.add(directory: directory)
        return digest
    }

    /// Whether chips came or went, so that they have to be looked for anew.
    public func hasChanged() -> Bool { SlowSensors.list(directory) != listing }

    /// Reads a sensor, which may take seconds.
    ///
    /// - Returns: what it shows; nil for one that is quick enough for others.
    public mutating func read(_ index: Int) -> Reading? {
        if sensors[index].card?.isAsleep ?? false {
            return paces[index].slowNanoseconds == nil ? nil : .failure(.asleep)
        }
        let start = clock()
        let reading = readSensor(descriptors[index], sensors[index].file.quantity)
        if paces[index].slowNanoseconds == nil { paces[index].take(nanoseconds: clock() &- start) }
        return paces[index].slowNanoseconds == nil ? nil : reading
    }
}
