import Glibc
import Kernel
import TestSupport
import Testing

@testable import Kernel
@testable import Systemd

@Suite struct InheritedDescriptorsTests {
    @Test(.enabled(if: Process.environment("LISTEN_FDS") == nil))
    func `a program that was started without sockets takes none`() {
        let inherited = InheritedDescriptors()
        #expect(inherited.complaints == [])
        #expect(names(inherited) == [])
    }

    /// It once trapped: the log was opened in the meantime and had got the number.
    @Test func `a number that is not there is a complaint, and those beside it are taken`() throws {
        let first = try highPair()
        let inherited = InheritedDescriptors(3, names: ["a", "b", "c"], first: first)
        #expect(inherited.complaints.count == 1)
        #expect(inherited.complaints.first?.contains("(\(first + 1))") == true)
        #expect(names(inherited) == ["a", "c"])
        // Handed over, they were owned and closed: nobody has the numbers any more.
        #expect(InheritedDescriptors(3, names: [], first: first).complaints.count == 1)
        #expect(names(InheritedDescriptors(3, names: [], first: first)) == [])
    }

    @Test func `names may be too few, empty or too many`() throws {
        for (given, expected) in [
            ([], ["unknown", "unknown"]), (["", "y", "x"], ["unknown", "x"]),
            (["we ird\t=name"], ["we ird\t=name", "unknown"]),
            (["a", "", "b", "c", "d"], ["a", "b"]),
        ] {
            let first = try highPair()
            #expect(names(InheritedDescriptors(3, names: given, first: first)) == expected)
        }
    }

    @Test func `a number that nobody would pass is not believed`() {
        let inherited = InheritedDescriptors(1_000_000, names: [], first: 900)
        #expect(inherited.complaints.count == 2)
        #expect(names(inherited) == [])
    }

    private func names(_ inherited: consuming InheritedDescriptors) -> [String] {
        var names: [String] = []
        inherited.handOver { name, _ in names.append(name) }
        return names
    }

    /// Two descriptors at N and N + 2, and none between, that nobody owns yet.
    private func highPair() throws -> Int32 {
        let first: Int32 = 700
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        try checked("dup2", dup2(file, first))
        try checked("dup2", dup2(file, first + 2))
        return first
    }
}
