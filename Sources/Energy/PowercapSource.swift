public import Kernel

/// The counters of powercap zones, kept open: opening costs ten times what reading does, and permission is asked only then.
public struct PowercapSource: ~Copyable {
    /// The most zones that are counted; a machine with eight sockets has about 40.
    public static let capacity = 128

    private var zones: [PowercapZone]
    private var counters: DescriptorRow

    /// Opens the counters of the zones, in their order.
    public init(opening zones: [PowercapZone]) throws(SystemError) {
        precondition(zones.count <= PowercapSource.capacity)
        var row = DescriptorRow(capacity: zones.count)
        for zone in zones { row.append(try FileDescriptor.open(reading: zone.counterPath)) }
        self.zones = zones
        counters = row
    }

    func read(_ index: Int) -> Reading { readCounter(counters[index]) }

    func zone(_ index: Int) -> PowercapZone { zones[index] }

    /// Opens the counter of a zone that was gone. This needs the permission that the first opening needed.
    mutating func reopen(_ index: Int, _ zone: PowercapZone) throws(SystemError) {
        counters.replace(index, with: try FileDescriptor.open(reading: zone.counterPath))
        zones[index] = zone
    }
}
