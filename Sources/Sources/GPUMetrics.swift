import Bytes
import Counters
import Kernel

/// What AMD's driver shows of a GPU in one read of `gpu_metrics`, as far as it is energy.
///
/// The layouts are those of drivers/gpu/drm/amd/include/kgd_pp_interface.h in the kernel's source. Numbers are little-endian, as all
/// machines are that have such a card. What a card does not measure has all bits set.
struct GPUMetrics: Equatable {
    /// The accumulator moves by 2^-16 J.
    static let unitMicrojoules: UInt64 = 16
    /// Where an accumulator of 32 bits starts again from 0, in microjoules.
    static let narrowMicrojoules: UInt64 = 65_536_000_000

    /// What a read gave.
    enum Shown {
        case table(GPUMetrics)
        case failure(ReadFailure)
    }

    /// The table is that of a processor with graphics, whose power is that of the whole socket.
    let isProcessors: Bool
    /// Energy since the card was started, in units of 2^-16 J; nil where there is none.
    let accumulator: UInt64?
    /// The card's memory is stacked (HBM), as only accelerators for computing have it.
    let hasStackedMemory: Bool

    /// Understands a table; nil for what is none.
    init?(_ bytes: Span<UInt8>) {
        guard bytes.count >= 4 else { return nil }
        let size = Int(GPUMetrics.number(bytes, at: 0, bytes: 2))
        let (format, content) = (bytes[2], bytes[3])
        guard size >= 4, (1...3).contains(format) else { return nil }
        isProcessors = format != 1
        let offset = format == 1 ? GPUMetrics.offset(content, size: size) : nil
        let end = min(size, bytes.count)
        accumulator = offset.flatMap { $0 + 8 <= end ? GPUMetrics.number(bytes, at: $0, bytes: 8) : nil }
            .flatMap { $0 == UInt64.max || $0 == UInt64(UInt32.max) ? nil : $0 }
        hasStackedMemory = format == 1 && GPUMetrics.showsStacks(bytes, content, end)
    }

    /// Where the accumulator lies; nil where there is none, and for layouts that nobody here knows.
    private static func offset(_ content: UInt8, size: Int) -> Int? {
        switch content {
        case 1...4, 7, 8: 24
        case 5: 88
        // A draft of this layout that was withdrawn had it elsewhere, and was much shorter.
        case 6: size >= 1664 ? 16 : nil
        default: nil
        }
    }

    /// From the fourth layout on there are accelerators only; before, the temperature of the first stack tells.
    private static func showsStacks(_ bytes: Span<UInt8>, _ content: UInt8, _ end: Int) -> Bool {
        guard content < 4 else { return true }
        guard content > 0, end >= 90 else { return false }
        let temperature = number(bytes, at: 88, bytes: 2)
        return temperature != 0 && temperature != 0xFFFF
    }

    private static func number(_ bytes: Span<UInt8>, at offset: Int, bytes count: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        return value
    }

    /// The accumulator in microjoules, cut off below one.
    var microjoules: UInt64? { accumulator?.scaled(by: 15_625, over: 1024) }

    /// Cards for graphics have an accumulator of 32 bits in a field of 64.
    var modulus: UInt64 {
        let isNarrow = !hasStackedMemory && (accumulator ?? 0) <= UInt64(UInt32.max)
        return isNarrow ? GPUMetrics.narrowMicrojoules : CounterFacts.neverWraps
    }

    /// One of two dies on a card: the other one counts the energy of both.
    var isSecondDie: Bool { hasStackedMemory && accumulator == 0 }

    /// Reads a table that is open, once: each read asks the card again, but for those within a millisecond.
    static func read(_ descriptor: borrowing FileDescriptor) -> Shown {
        var space = InlineArray<96, UInt8>(repeating: 0)
        var bytes = space.mutableSpan
        return lendAttribute(descriptor, in: &bytes) { outcome, bytes in
            if case .failed(let code) = outcome { return .failure(ReadFailure(sensor: code)) }
            return GPUMetrics(bytes).map { .table($0) } ?? .failure(.garbage)
        }
    }
}
