import CLinux

/// The processor that this runs on.
public enum Processor {
    /// Who made it, as it says itself, such as `GenuineIntel`; nil on one that does not tell. Nobody can hide it, unlike /proc/cpuinfo.
    public static func maker() -> String? {
        var name = InlineArray<13, CChar>(repeating: 0)
        var space = name.mutableSpan
        return unsafe space.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, unsafe clinux_processor_maker(base) != 0 else { return nil }
            return unsafe String(cString: base)
        }
    }
}
