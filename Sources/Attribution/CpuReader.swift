import Bytes
import Kernel

/// Reads how long the tasks of cgroups have run, from their `cpu.stat`, which stay open. See cgroups(7) and the kernel's
/// Documentation/admin-guide/cgroup-v2.rst.
///
/// The file's time is hierarchical, and stays with the parent when a cgroup goes. Reading it costs 3 to 15 microseconds, more with more
/// processors, and nothing is allocated.
struct CpuReader: ~Copyable {
    /// What a reading gave.
    enum Reading: Equatable {
        /// Microseconds since the cgroup was made.
        case microseconds(UInt64)
        /// The cgroup was removed: the descriptor never gives anything again.
        case gone
        /// It cannot be read, or what it shows is not understood.
        case failed(AttributionFault)
    }

    private var files: DescriptorSlots

    init(capacity: Int) { files = DescriptorSlots(capacity: capacity) }

    /// Opens that of one cgroup.
    init(of path: String) throws(SystemError) {
        var file = PathBuffer()
        guard file.append(path), file.append("/cpu.stat") else {
            throw SystemError(call: "open", code: .nameTooLong)
        }
        let descriptor = try FileDescriptor.open(reading: file)
        files = DescriptorSlots(capacity: 1)
        files.put(descriptor, at: 0)
    }

    var openCount: Int { files.openCount }

    func isOpen(_ index: Int) -> Bool { files.isOpen(index) }

    mutating func open(_ index: Int, _ path: borrowing PathBuffer) throws(SystemError) {
        files.put(try FileDescriptor.open(reading: path), at: index)
    }

    mutating func close(_ index: Int) { files.close(at: index) }

    func read(_ index: Int) -> Reading {
        var space = InlineArray<64, UInt8>(repeating: 0)
        var outcome: ReadOutcome?
        var bytes = space.mutableSpan
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
            outcome = files.read(index, into: &output)
            _ = unsafe output.finalize(for: buffer)
        }
        switch outcome {
        case .bytes(let count): return CpuReader.parse(space.span.extracting(0..<count))
        case .failed(.noDevice), .failed(.notFound): return .gone
        case .failed, nil: return .failed(.unreadable)
        }
    }

    /// The first line, `usage_usec 123`, which must be whole.
    static func parse(_ bytes: Span<UInt8>) -> Reading {
        let key: StaticString = "usage_usec "
        let start = key.utf8CodeUnitCount
        guard bytes.count > start else { return .failed(.garbage) }
        for index in 0..<start where bytes[index] != (unsafe key.utf8Start[index]) { return .failed(.garbage) }
        var end = start
        while end < bytes.count, bytes[end] != 0x0A { end += 1 }
        guard end < bytes.count, let value = UInt64(decimal: bytes.extracting(start..<end)), value <= .max / 4 else {
            return .failed(.garbage)
        }
        return .microseconds(value)
    }
}

/// Why a reading of processor time brought nothing, as the label `reason` tells it.
public enum AttributionFault: String, Sendable, CaseIterable {
    /// The file cannot be read.
    case unreadable
    /// What it shows is not understood.
    case garbage
    /// It shows less than before.
    case backwards
    /// A directory cannot be listed or watched.
    case unlisted
    /// The directory that has the names of pods cannot be listed.
    case unnamed
    /// An account's sum is not what it should be: a mistake of this program, which is seen here and nowhere else.
    case identity
}

/// `/proc/stat`, which stays open.
@safe
struct ProcessorStat: ~Copyable {
    /// Lines of more processors than this has room for are not seen: some 900.
    private static let bufferBytes = 65_536

    private let file: FileDescriptor
    private let buffer: UnsafeMutableBufferPointer<UInt8>

    init(_ path: String) throws(SystemError) {
        let file = try FileDescriptor.open(reading: path)
        self.file = file
        unsafe buffer = UnsafeMutableBufferPointer.allocate(capacity: ProcessorStat.bufferBytes)
    }

    deinit {
        unsafe buffer.deallocate()
    }

    /// Lends what the file shows now; nothing if it cannot be read.
    mutating func read<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
        _ = file.read(at: 0, into: &output)
        let count = unsafe output.finalize(for: buffer)
        return body(unsafe UnsafeBufferPointer(rebasing: buffer[..<count]).span)
    }
}
