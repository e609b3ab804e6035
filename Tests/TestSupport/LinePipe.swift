import Glibc
import Kernel

/// A pipe that owns both of its ends, for lines that the test reads.
public struct LinePipe: ~Copyable {
    /// The end that the test reads.
    public let reader: FileDescriptor
    /// The end that is written to.
    public let writer: FileDescriptor

    /// An empty pipe.
    public init() throws {
        var numbers: [Int32] = [-1, -1]
        try checked("pipe", pipe(&numbers))
        reader = FileDescriptor(inherited: numbers[0])
        writer = FileDescriptor(inherited: numbers[1])
    }

    /// All that lies in the pipe now.
    public func readAll() -> String {
        var text = [UInt8](repeating: 0, count: 65_536)
        let count = reader.withNumber { number in
            _ = fcntl(number, F_SETFL, O_NONBLOCK)
            return read(number, &text, text.count)
        }
        return String(decoding: text.prefix(max(0, count)), as: UTF8.self)
    }
}
