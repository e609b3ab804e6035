import Bytes
import Counters
import Kernel

extension ReadFailure {
    init(_ code: ErrorCode) {
        switch code {
        case .invalidArgument, .inputOutput: self = .driverError
        case .noDevice: self = .unregistered
        default: self = .other
        }
    }
}

/// Reads one attribute that holds a decimal number and a line feed, afresh: sysfs answers each read at offset 0 with a new value.
func readCounter(_ descriptor: borrowing FileDescriptor) -> Reading {
    readAttribute(descriptor) { outcome, bytes in
        switch outcome {
        case .failed(let code): .failure(ReadFailure(code))
        case .bytes: parseCounter(bytes)
        }
    }
}

/// Lends what one read of an attribute gave, and its bytes. One read and not more: each asks the hardware again.
///
/// A buffer of 32 bytes is always enough for a number: a shorter one would cut it without a word.
func readAttribute<Result>(
    _ descriptor: borrowing FileDescriptor, _ use: (ReadOutcome, Span<UInt8>) -> Result
) -> Result {
    var space = InlineArray<32, UInt8>(repeating: 0)
    var bytes = space.mutableSpan
    return lendAttribute(descriptor, in: &bytes, use)
}

/// The same, in a buffer of another size; what has no room is left out.
@inline(__always)
func lendAttribute<Result>(
    _ descriptor: borrowing FileDescriptor, in space: inout MutableSpan<UInt8>,
    _ use: (ReadOutcome, Span<UInt8>) -> Result
) -> Result {
    var outcome = ReadOutcome.bytes(0)
    unsafe space.withUnsafeMutableBufferPointer { buffer in
        var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
        outcome = descriptor.read(at: 0, into: &output)
        _ = unsafe output.finalize(for: buffer)
    }
    guard case .bytes(let count) = outcome else { return use(outcome, space.span.extracting(0..<0)) }
    return use(outcome, space.span.extracting(0..<count))
}

/// Reads what an `energy_uj` shows: digits, then at most one line feed.
func parseCounter(_ bytes: Span<UInt8>) -> Reading {
    var count = bytes.count
    if count > 0, bytes[count - 1] == UInt8(ascii: "\n") { count -= 1 }
    guard count > 0 else { return .failure(.empty) }
    guard let value = UInt64(decimal: bytes.extracting(0..<count)) else { return .failure(.garbage) }
    return .counter(value)
}
