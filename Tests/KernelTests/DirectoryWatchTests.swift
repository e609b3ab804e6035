import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct DirectoryWatchTests {
    private func events(_ watch: inout DirectoryWatch) throws -> [DirectoryWatch.Event] {
        var events: [DirectoryWatch.Event] = []
        try watch.takeEvents { events.append($0) }
        return events
    }

    private func expect(
        _ watch: inout DirectoryWatch, _ expected: [DirectoryWatch.Event], _ remark: Comment? = nil
    ) throws {
        let told = try events(&watch)
        #expect(told == expected, remark)
    }

    @Test func `directories that come and go are told by the one in which they lie, in order`() throws {
        try withTemporaryDirectory { directory in
            for name in ["one", "two"] { try checked("mkdir", mkdir("\(directory)/\(name)", 0o755)) }
            var watch = try DirectoryWatch()
            let one = try watch.add(try path(directory + "/one"))
            let two = try watch.add(try path(directory + "/two"))
            #expect(one != two)
            try expect(&watch, [])
            try checked("mkdir", mkdir(directory + "/one/a", 0o755))
            try checked("mkdir", mkdir(directory + "/two/b", 0o755))
            try checked("rmdir", rmdir(directory + "/one/a"))
            try expect(&watch, [.made(one), .made(two), .removed(one)])
            try expect(&watch, [], "each once")
            try checked("rename", rename(directory + "/two/b", directory + "/one/c"))
            try expect(&watch, [.removed(two), .made(one)])
        }
    }

    @Test func `files and what lies deeper are not told of`() throws {
        try withTemporaryDirectory { directory in
            try checked("mkdir", mkdir(directory + "/deep", 0o755))
            var watch = try DirectoryWatch()
            _ = try watch.add(try path(directory))
            try writeFile(directory + "/cpu.stat", "1")
            try checked("mkdir", mkdir(directory + "/deep/deeper", 0o755))
            try checked("unlink", unlink(directory + "/cpu.stat"))
            try expect(&watch, [])
        }
    }

    @Test func `one that is watched already keeps its number`() throws {
        try withTemporaryDirectory { directory in
            let watch = try DirectoryWatch()
            let (first, second) = (try watch.add(try path(directory)), try watch.add(try path(directory)))
            #expect(first == second)
        }
    }

    /// Its number may come again in an event that waited: what it meant must be known until then.
    @Test func `one that goes is told of by itself, and by the one in which it lay`() throws {
        try withTemporaryDirectory { directory in
            try checked("mkdir", mkdir(directory + "/a", 0o755))
            var watch = try DirectoryWatch()
            let root = try watch.add(try path(directory))
            let inner = try watch.add(try path(directory + "/a"))
            try checked("rmdir", rmdir(directory + "/a"))
            let told = try events(&watch)
            #expect(Set(told) == [.ended(inner), .removed(root)])
            // It is gone already, which is no error.
            watch.remove(inner)
            try expect(&watch, [])
        }
    }

    @Test func `what is watched no more is silent, and its number means nothing any more`() throws {
        try withTemporaryDirectory { directory in
            var watch = try DirectoryWatch()
            let number = try watch.add(try path(directory))
            watch.remove(number)
            try expect(&watch, [.ended(number)])
            try checked("mkdir", mkdir(directory + "/a", 0o755))
            try expect(&watch, [])
        }
    }

    @Test func `what is not there or is no directory cannot be watched`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", "")
            let watch = try DirectoryWatch()
            for (name, code) in [("nothing", ErrorCode.notFound), ("file", .notADirectory)] {
                let place = try path("\(directory)/\(name)")
                do throws(SystemError) {
                    _ = try watch.add(place)
                    Issue.record("\(name) is watched")
                } catch {
                    #expect(error.code == code)
                }
            }
        }
    }

    /// The kernel keeps as many as it was told to, and then says once that some are missing.
    @Test func `more events than the kernel keeps are said to be too many`() throws {
        let text = String(decoding: try Files.read("/proc/sys/fs/inotify/max_queued_events"), as: UTF8.self)
        let most = try #require(Int(text.filter { $0 != "\n" }))
        try #require(most <= 100_000, "so many cannot be made here in short time")
        try withTemporaryDirectory { directory in
            var watch = try DirectoryWatch()
            let number = try watch.add(try path(directory))
            // Two in a row that are alike are kept as one, so that names differ.
            for turn in 0...(most / 2) {
                try checked("mkdir", mkdir("\(directory)/\(turn % 2)", 0o755))
                try checked("rmdir", rmdir("\(directory)/\(turn % 2)"))
            }
            var taken = try events(&watch)
            while taken.last != .overflow {
                let more = try events(&watch)
                try #require(!more.isEmpty)
                taken += more
            }
            #expect(taken.dropLast().allSatisfy { $0 == .made(number) || $0 == .removed(number) })
            #expect(taken.count == most + 1)
            try checked("mkdir", mkdir(directory + "/later", 0o755))
            try expect(&watch, [.made(number)], "what comes after is told again")
        }
    }
}

extension DirectoryWatch.Event: Hashable {
    /// For sets.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .made(let number), .removed(let number), .ended(let number): hasher.combine(number)
        case .overflow: hasher.combine(0)
        }
    }
}
