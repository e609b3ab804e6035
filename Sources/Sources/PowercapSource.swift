import Counters
import Kernel

/// The counters of powercap zones, kept open: opening costs ten times what reading does, and permission is asked only then.
struct PowercapSource: ~Copyable {
    /// The most zones that are counted; a machine with eight sockets has about 40.
    static let capacity = 128

    private var counters = DescriptorRow(capacity: PowercapSource.capacity)

    func read(_ index: Int) -> Reading { readCounter(counters[index]) }

    /// Opens the counter of a zone in the place of one that was gone, or as one more. This needs the permission to read it.
    mutating func open(_ zone: PowercapZone, at index: Int) throws(SystemError) {
        counters.put(try FileDescriptor.open(reading: zone.counterPath), at: index)
    }
}
