import Bytes

/// What /proc/stat says of the time in which the processors did nothing. See proc_stat(5).
///
/// Only what is measured when a processor becomes idle and when it wakes is taken. The times in user and kernel mode are sampled
/// by a tick, and miss most of what wakes with the tick and sleeps before the next.
public struct ProcessorTimes: Sendable, Equatable {
    /// The time of all processors together idle, waiting for a disk while idle, and taken away by a hypervisor, in clock ticks.
    public let restTicks: UInt64
    /// The number of processors that are online.
    public let processors: UInt64
    /// Which processors those are: another set has, all but certainly, another number.
    let signature: UInt64

    init(restTicks: UInt64, processors: UInt64, signature: UInt64) {
        self.restTicks = restTicks
        self.processors = processors
        self.signature = signature
    }

    /// Reads what the file begins with, which may be cut anywhere after the processors' lines.
    ///
    /// - Returns: nil if it is cut before, or is not such a file.
    public init?(procStat bytes: Span<UInt8>) {
        var lines = Lines()
        guard let total = lines.next(bytes), let rest = ProcessorTimes.rest(bytes, total) else { return nil }
        var count: UInt64 = 0
        var signature: UInt64 = 0
        while let line = lines.next(bytes), let number = ProcessorTimes.processor(bytes.extracting(line)) {
            count += 1
            // Spread over 64 bits, each set of numbers has a sum of its own, but by chance.
            let spread = (number &+ 1) &* 0x9E37_79B9_7F4A_7C15
            signature &+= spread ^ (spread >> 29)
        }
        guard count > 0, lines.isAtOther(bytes) else { return nil }
        restTicks = rest
        processors = count
        self.signature = signature
    }

    /// The sum of columns 4, 5 and 8 of the first line: idle, iowait, steal.
    private static func rest(_ bytes: Span<UInt8>, _ line: Range<Int>) -> UInt64? {
        let text = bytes.extracting(line)
        guard text.hasPrefix("cpu ") else { return nil }
        var sum: UInt64 = 0
        var column = 0
        var position = 4
        while column < 8 {
            while position < text.count, text[position] == UInt8(ascii: " ") { position += 1 }
            let start = position
            while position < text.count, text[position] != UInt8(ascii: " ") { position += 1 }
            guard let ticks = UInt64(decimal: text.extracting(start..<position)) else { return nil }
            column += 1
            if column == 4 || column == 5 || column == 8 { sum = sum.saturatingSum(ticks) }
        }
        return sum
    }

    /// The number in a line's `cpuN `; nil if the line is of something else.
    private static func processor(_ line: Span<UInt8>) -> UInt64? {
        guard line.hasPrefix("cpu") else { return nil }
        var end = 3
        while end < line.count, line[end] != UInt8(ascii: " ") { end += 1 }
        return UInt64(decimal: line.extracting(3..<end))
    }
}

/// The lines of a text one after the other.
private struct Lines {
    private var position = 0
    /// Where the line begins that was given last.
    private var start = 0

    /// The next line without its line feed; nil if no line feed follows.
    mutating func next(_ bytes: Span<UInt8>) -> Range<Int>? {
        start = position
        var end = position
        while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        guard end < bytes.count else { return nil }
        position = end + 1
        return start..<end
    }

    /// Whether the line that was asked for last, whole or cut, is there and does not begin as a processor's does.
    func isAtOther(_ bytes: Span<UInt8>) -> Bool {
        let text = bytes.extracting(start..<bytes.count)
        return !text.isEmpty && !text.hasPrefix("cpu") && !text.equals("c") && !text.equals("cp")
    }
}
