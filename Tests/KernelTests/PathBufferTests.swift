import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct PathBufferTests {
    private func text(_ path: borrowing PathBuffer) -> String { path.withPath { String(cString: $0) } }

    /// What is in it, and its length, after bytes were appended or refused.
    private func expect(_ path: borrowing PathBuffer, _ expected: String, _ hasFitted: Bool, _ shouldFit: Bool = true) {
        #expect(hasFitted == shouldFit)
        let (shown, count) = (text(path), path.count)
        #expect(shown == expected && count == expected.utf8.count)
    }

    @Test func `a path is put together name by name, and cut again`() {
        var path = PathBuffer()
        expect(path, "", true)
        var hasFitted = path.append("/sys/fs/cgroup")
        let root = path.count
        hasFitted = path.append("/system.slice/ü.service") && path.append("/cpu.stat" as StaticString) && hasFitted
        expect(path, "/sys/fs/cgroup/system.slice/ü.service/cpu.stat", hasFitted)
        path.truncate(to: root)
        expect(path, "/sys/fs/cgroup", true)
        hasFitted = path.append([UInt8(ascii: "/"), 0xFF].span)
        let count = path.count
        #expect(hasFitted && count == 16)
        path.truncate(to: 0)
        expect(path, "", true)
    }

    @Test(arguments: [0, 1, 100])
    func `what does not fit is left out whole`(excess: Int) {
        var path = PathBuffer()
        let most = Int(PATH_MAX) - 1
        let (first, more) = (
            String(repeating: "x", count: 4000), String(repeating: "y", count: most - 4000 + excess)
        )
        var hasFitted = path.append(first)
        expect(path, first, hasFitted)
        hasFitted = path.append(more)
        expect(path, excess == 0 ? first + more : first, hasFitted, excess == 0)
        hasFitted = path.append("")
        expect(path, excess == 0 ? first + more : first, hasFitted)
    }

    @Test func `a zero in a name leaves all of it out`() {
        var path = PathBuffer()
        var hasFitted = path.append("/a")
        expect(path, "/a", hasFitted)
        hasFitted = path.append([UInt8(ascii: "/"), UInt8(ascii: "b"), 0, UInt8(ascii: "c")].span)
        expect(path, "/a", hasFitted, false)
        hasFitted = path.append("/d")
        expect(path, "/a/d", hasFitted)
    }

    @Test func `only what is a regular file is opened for reading`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", "123")
            let file = try FileDescriptor.open(reading: try path(directory + "/file"))
            var bytes: [UInt8] = []
            bytes.append(addingCapacity: 8) { output in _ = file.read(at: 0, into: &output) }
            #expect(bytes == Array("123".utf8))
            try checked("mkfifo", mkfifo(directory + "/fifo", 0o600))
            for (name, code) in [
                ("fifo", ErrorCode.notRegularFile), ("", .notRegularFile), ("nothing", .notFound),
                ("file/x", .notADirectory),
            ] {
                let error = #expect(throws: SystemError.self) {
                    _ = try FileDescriptor.open(reading: try path("\(directory)/\(name)"))
                }
                #expect(error?.code == code)
            }
        }
    }
}
