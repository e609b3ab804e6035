import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct DirectoryListingTests {
    private func names(_ directory: String) throws -> [String] {
        var listing = DirectoryListing()
        var names: [String] = []
        try listing.forEachDirectory(in: try path(directory)) { _, name in
            names.append(String(decoding: name.indices.map { name[$0] }, as: UTF8.self))
        }
        return names
    }

    @Test func `directories are listed, and nothing else that lies there`() throws {
        try withTemporaryDirectory { directory in
            for name in ["a.service", "b.slice", ".hidden", "...", "..a"] {
                try checked("mkdir", mkdir("\(directory)/\(name)", 0o755))
            }
            try writeFile(directory + "/cpu.stat", "usage_usec 1\n")
            try checked("symlink", symlink("a.service", directory + "/link.service"))
            try checked("mkfifo", mkfifo(directory + "/fifo", 0o600))
            #expect(try names(directory).sorted() == ["...", "..a", ".hidden", "a.service", "b.slice"])
        }
    }

    @Test func `an empty one has none`() throws {
        try withTemporaryDirectory { directory in
            let found = try names(directory)
            #expect(found == [])
        }
    }

    /// Each name has 255 bytes, so that a buffer of records has some dozens.
    @Test func `however many there are, each is told once, with its whole name and its number`() throws {
        try withTemporaryDirectory { directory in
            var expected: [String: UInt64] = [:]
            for number in 0..<300 {
                let name = "\(number)-" + String(repeating: "x", count: 254 - "\(number)".count)
                try checked("mkdir", mkdir("\(directory)/\(name)", 0o755))
                expected[name] = try FileStatus(at: "\(directory)/\(name)").inode
            }
            var listing = DirectoryListing()
            // A second listing begins anew in the same memory.
            for _ in 0..<2 {
                var found: [String: UInt64] = [:]
                try listing.forEachDirectory(in: try path(directory)) { number, name in
                    let text = String(decoding: name.indices.map { name[$0] }, as: UTF8.self)
                    #expect(found.updateValue(number, forKey: text) == nil, "\(text) twice")
                }
                #expect(found == expected)
            }
        }
    }

    @Test func `a name is given as its bytes, whatever they are`() throws {
        try withTemporaryDirectory { directory in
            let name: [UInt8] = [0xFF, UInt8(ascii: "\""), UInt8(ascii: "\n"), 0x01, 0xC3]
            let whole = Array(directory.utf8) + [UInt8(ascii: "/")] + name + [0]
            try checked("mkdir", mkdir(whole.map { CChar(bitPattern: $0) }, 0o755))
            var listing = DirectoryListing()
            var found: [[UInt8]] = []
            try listing.forEachDirectory(in: try path(directory)) { _, bytes in
                found.append(bytes.indices.map { bytes[$0] })
            }
            #expect(found == [name])
            try checked("rmdir", rmdir(whole.map { CChar(bitPattern: $0) }))
        }
    }

    @Test func `what is no directory or is not there cannot be listed, and nothing of it is told`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", "")
            for (name, code) in [("file", ErrorCode.notADirectory), ("nothing", .notFound)] {
                let error = #expect(throws: SystemError.self) { try names("\(directory)/\(name)") }
                #expect(error?.code == code)
            }
        }
    }

    @Test func `no descriptor is left`() throws {
        try withTemporaryDirectory { directory in
            let before = try openDescriptors()
            for _ in 0..<10 { _ = try names(directory) }
            #expect(try openDescriptors() == before)
        }
    }

    private func openDescriptors() throws -> Int { try Files.names(in: "/proc/self/fd").count }
}

/// A path in memory of its own.
func path(_ text: String) throws -> PathBuffer {
    var path = PathBuffer()
    let isWhole = path.append(text)
    #expect(isWhole)
    return path
}
