import Glibc
import Kernel
import TestSupport

/// Both ends of a pipe as a shell makes it: they wait.
struct Pipe: ~Copyable {
    let reader: FileDescriptor
    let writer: FileDescriptor

    init() throws {
        var ends: [Int32] = [-1, -1]
        try checked("pipe", pipe(&ends))
        self.init(reader: FileDescriptor(inherited: ends[0]), writer: FileDescriptor(inherited: ends[1]))
    }

    init(reader: consuming FileDescriptor, writer: consuming FileDescriptor) {
        self.reader = reader
        self.writer = writer
    }

    /// Takes the pipe apart.
    consuming func split<Value>(
        _ body: (consuming FileDescriptor, consuming FileDescriptor) throws -> Value
    ) rethrows -> Value {
        try body(reader, writer)
    }
}
