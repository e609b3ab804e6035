import Bytes
import Kernel

/// What the kernel knows of this process, for the standard `process_*` series. See /proc/pid/stat in proc(5).
struct ProcessStatistics: Equatable {
    var cpuMicroseconds: UInt64
    var threads: UInt64
    /// Since boot.
    var startTicks: UInt64
    var virtualBytes: UInt64
    var residentBytes: UInt64

    /// Reads the one line of /proc/self/stat; nil if it is not one.
    ///
    /// The second field is the program's name in parentheses, which may itself hold blanks and parentheses: fields are counted
    /// from the last one.
    init?(_ line: Span<UInt8>, ticksPerSecond: UInt64, pageBytes: UInt64) {
        guard var position = ProcessStatistics.endOfName(line) else { return nil }
        var fields = InlineArray<25, UInt64>(repeating: 0)
        var field = 2
        while field < 24 {
            while position < line.count, line[position] == 0x20 { position += 1 }
            let start = position
            while position < line.count, line[position] > 0x20 { position += 1 }
            guard position > start else { return nil }
            field += 1
            // State (a letter) and some that may be negative are not needed; they count as 0.
            fields[field] = UInt64(decimal: line.extracting(start..<position)) ?? 0
        }
        // Around 2^64 rather than a trap: containers may show files of their own here.
        cpuMicroseconds = (fields[14] &+ fields[15]) &* (1_000_000 / ticksPerSecond)
        threads = fields[20]
        startTicks = fields[22]
        virtualBytes = fields[23]
        residentBytes = fields[24] &* pageBytes
    }

    private static func endOfName(_ line: Span<UInt8>) -> Int? {
        for index in line.indices.reversed() where line[index] == UInt8(ascii: ")") { return index + 1 }
        return nil
    }
}

/// Reads this process's statistics again and again from files that stay open. What /proc does not show is not known.
struct ProcessProbe: ~Copyable {
    private let statistics: FileDescriptor?
    private let descriptors: DescriptorCounter?
    private let ticksPerSecond = Process.clockTicksPerSecond
    private let pageBytes = Process.pageBytes
    private var line = ByteBuffer(capacity: 1024)
    /// When the machine was started, on the wall clock.
    private let bootUnixSeconds: UInt64?

    /// `procfs` is the root of the proc file system.
    init(procfs: String = "/proc") {
        statistics = ProcessProbe.ifThere { () throws(SystemError) in
            try FileDescriptor.open(reading: procfs + "/self/stat")
        }
        descriptors = ProcessProbe.ifThere { () throws(SystemError) in try DescriptorCounter(procfs: procfs) }
        bootUnixSeconds = ProcessProbe.ifThere { () throws(SystemError) in
            try Files.read(procfs + "/stat", limit: 1 << 20)
        }.flatMap { ProcessProbe.bootTime($0) }
    }

    private static func ifThere<Value: ~Copyable>(_ open: () throws(SystemError) -> Value) -> Value? {
        do throws(SystemError) {
            return try open()
        } catch {
            return nil
        }
    }

    /// Nil if the kernel does not tell.
    mutating func read() -> ProcessStatistics? {
        line.removeAll()
        var outcome = ReadOutcome.bytes(0)
        switch statistics {
        case .some(let file): line.withFreeSpace { space in outcome = file.read(at: 0, into: &space) }
        case .none: return nil
        }
        guard case .bytes = outcome else { return nil }
        return line.withBytes { ProcessStatistics($0, ticksPerSecond: ticksPerSecond, pageBytes: pageBytes) }
    }

    func openDescriptors() -> UInt64? {
        switch descriptors {
        case .some(let counter): counter.count()
        case .none: nil
        }
    }

    /// When this process was started, on the wall clock, in microseconds.
    func startUnixMicroseconds(_ statistics: ProcessStatistics) -> UInt64? {
        bootUnixSeconds.map { $0 &* 1_000_000 &+ statistics.startTicks &* (1_000_000 / ticksPerSecond) }
    }

    /// The line `btime` of /proc/stat.
    private static func bootTime(_ content: [UInt8]) -> UInt64? {
        let lines = content.split(separator: UInt8(ascii: "\n"))
        guard let line = lines.first(where: { $0.starts(with: "btime ".utf8) }) else { return nil }
        let digits = Array(line.dropFirst(6))
        return UInt64(decimal: digits.span)
    }
}
