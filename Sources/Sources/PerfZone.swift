public import Counters
public import Kernel

/// An energy counter of the kernel's `power` unit on one processor.
public struct PerfZone: Sendable, Equatable {
    /// Unit, event and processor, such as `power/energy-pkg/cpu0`: what the kernel shows, as powercap's zones are named.
    public let name: String
    /// What is opened.
    public let event: PerfEvent
    /// What it measures.
    public let domain: Domain

    /// Unit, event and place: the processor that reads for a package is another one when the first is switched off.
    var identity: String {
        let event = name.split(separator: "/").prefix(2).joined(separator: "/")
        return "perf/\(event)/\(domain.kind.rawValue)/\(domain.tag)"
    }

    var facts: CounterFacts {
        CounterFacts(
            source: .perf, domain: domain, identity: identity, name: name, modulus: PerfSource.modulus,
            unitMicrojoules: PerfSource.unitMicrojoules, boundMicrowatts: PlausiblePower.boundMicrowatts(domain.kind),
            // It begins at 0 when it is opened.
            outlivesProcess: false)
    }
}

/// The counters that one processor reads for its package or die: all of them in one system call and at one moment.
public struct PerfGroup: Sendable, Equatable {
    /// Never empty; the first leads.
    public let zones: [PerfZone]
}
