import Counters
import Kernel

/// The counters of powercap zones, kept open: opening costs ten times what reading does, and permission is asked only then.
struct PowercapSource: ~Copyable {
    /// The most zones that are counted; a machine with eight sockets has about 40.
    static let capacity = 128

    private var counters = DescriptorRow(capacity: PowercapSource.capacity)

    /// Opens the counters of the zones, in their order.
    init(opening zones: [PowercapZone]) throws(SystemError) {
        precondition(zones.count <= PowercapSource.capacity)
        var row = DescriptorRow(capacity: PowercapSource.capacity)
        for zone in zones { row.append(try FileDescriptor.open(reading: zone.counterPath)) }
        counters = row
    }

    func read(_ index: Int) -> Reading { readCounter(counters[index]) }

    /// Opens the counter of a zone that was gone. This needs the permission that the first opening needed.
    mutating func reopen(_ index: Int, _ zone: PowercapZone) throws(SystemError) {
        counters.replace(index, with: try FileDescriptor.open(reading: zone.counterPath))
    }

    /// Opens the counter of one more zone. False if there is no room for it.
    mutating func append(_ zone: PowercapZone) throws(SystemError) -> Bool {
        guard counters.count < PowercapSource.capacity else { return false }
        counters.append(try FileDescriptor.open(reading: zone.counterPath))
        return true
    }
}
