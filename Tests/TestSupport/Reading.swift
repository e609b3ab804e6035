public import Counters
public import Sampling
public import Sources

extension Sources {
    /// What is read of a tree.
    public static func reading(_ kind: SourceKind, _ root: String, _ vendor: ProcessorVendor = .intel) -> Sources {
        Sources(opening: .these([kind]), SystemRoots(sysfs: root, procfs: root, vendor: vendor), time: .replay)
    }

    /// Nothing to read.
    public static func none() -> Sources {
        Sources(opening: .these([]), SystemRoots(sysfs: "/", procfs: "/", vendor: .unknown), time: .replay)
    }

    /// The machine that does not exist.
    public static func simulated(startNanoseconds: UInt64 = 0) -> Sources {
        Sources(
            opening: .simulated, SystemRoots(sysfs: "/", procfs: "/", vendor: .unknown),
            simulationStartNanoseconds: startNanoseconds)
    }
}

extension Sampling {
    /// Ends an interval now.
    public mutating func tick() { tick(at: .now()) }

    /// Ends intervals until it is decided what was in doubt, half a second apart. Readings must have the time of their pass.
    public mutating func decide(from moment: inout Moment) {
        for _ in 0..<4 where isInDoubt {
            moment.monotonicNanoseconds += 550_000_000
            moment.boottimeNanoseconds += 550_000_000
            tick(at: moment)
        }
    }
}
