import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct DescriptorCounterTests {
    @Test func `it counts what the directory lists`() throws {
        let counter = try DescriptorCounter(procfs: "/proc")
        let listed = try Files.names(in: "/proc/self/fd").count - 1
        #expect(counter.count() == UInt64(listed), "listing opens one more")
    }

    @Test func `it follows what is opened and closed`() throws {
        let counter = try DescriptorCounter(procfs: "/proc")
        let count = counter.count()
        let before = try #require(count)
        do {
            let pipe = try Pipe()
            #expect(counter.count() == before + 2)
            #expect(pipe.reader.number != pipe.writer.number)
        }
        #expect(counter.count() == before)
    }

    /// Before Linux 6.2 the directory has no size and its entries are listed; other directories of /proc are still so.
    @Test(arguments: ["/proc/sys/kernel", "/proc/sys/vm", "/proc/self/ns"])
    func `a directory without a size is counted entry by entry`(directory: String) throws {
        try withTemporaryDirectory { root in
            try checked("mkdir", mkdir(root + "/self", 0o755))
            try checked("symlink", symlink(directory, root + "/self/fd"))
            let counter = try DescriptorCounter(procfs: root)
            let entries = try Files.names(in: directory).count
            #expect(counter.count() == UInt64(entries))
            #expect(counter.count() == UInt64(entries), "each count begins at the start")
        }
    }

    @Test func `without the directory there is no counter`() throws {
        try withTemporaryDirectory { root in
            #expect {
                _ = try DescriptorCounter(procfs: root)
            } throws: { error in
                (error as? SystemError)?.code == .notFound
            }
        }
    }
}
