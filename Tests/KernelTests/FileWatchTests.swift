import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct FileWatchTests {
    /// What can happen to a file `x` in the directory, which is there at first.
    enum Change: String, CaseIterable {
        case writtenInPlace, emptied, replaced, removed, movedAway, madeReadable, replacedByLink, directoryMovedAway

        func make(in directory: String) throws {
            let path = directory + "/x"
            switch self {
            case .writtenInPlace: try writeFile(path, "new")
            case .emptied: close(try checked("open", open(path, O_WRONLY | O_TRUNC)))
            case .replaced:
                try writeFile(directory + "/y", "new")
                try checked("rename", rename(directory + "/y", path))
            case .removed: try checked("unlink", unlink(path))
            case .movedAway: try checked("rename", rename(path, directory + "/y"))
            case .madeReadable: try checked("chmod", chmod(path, 0o600))
            case .replacedByLink:
                try checked("symlink", symlink("z", directory + "/y"))
                try checked("rename", rename(directory + "/y", path))
            case .directoryMovedAway: try checked("rename", rename(directory, directory + ".old"))
            }
        }
    }

    @Test(arguments: Change.allCases)
    func `every change of a file is noticed once`(change: Change) throws {
        try withTemporaryDirectory { root in
            let directory = root + "/d"
            try checked("mkdir", mkdir(directory, 0o755))
            try writeFile(directory + "/x", "old")
            var watch = try FileWatch(paths: [directory + "/x"])
            #expect(try watch.takeChanges() == false)
            try change.make(in: directory)
            try waitUntilReady(watch.descriptor, .readable)
            #expect(try watch.takeChanges() == true)
            #expect(try watch.takeChanges() == false)
        }
    }

    @Test func `what happens to other files is not noticed, and is taken`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/x", "old")
            var watch = try FileWatch(paths: [directory + "/x"])
            for name in ["a", "xx", "x~", "y"] {
                try writeFile("\(directory)/\(name)", "new")
                try checked("unlink", unlink("\(directory)/\(name)"))
            }
            try waitUntilReady(watch.descriptor, .readable)
            #expect(try watch.takeChanges() == false)
            #expect(watch.unwatchedPaths == [])
            try writeFile(directory + "/x", "new")
            #expect(try watch.takeChanges() == true)
        }
    }

    @Test func `reading a file is no change`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/x", "old")
            var watch = try FileWatch(paths: [directory + "/x"])
            #expect(try Files.read(directory + "/x") == Array("old".utf8))
            #expect(try watch.takeChanges() == false)
        }
    }

    @Test func `a file is followed through one replacement after the other`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/x", "0")
            var watch = try FileWatch(paths: [directory + "/x"])
            for number in 1...20 {
                try Change.replaced.make(in: directory)
                #expect(try watch.takeChanges() == true, "replacement \(number)")
                try writeFile(directory + "/x", "\(number)")
                #expect(try watch.takeChanges() == true, "writing \(number)")
            }
            #expect(try watch.takeChanges() == false)
        }
    }

    /// Kubernetes mounts `x` as a link to `..data/x` and `..data` as a link to a directory, and exchanges the middle one.
    @Test func `links are followed, and exchanging one on the way is noticed`() throws {
        try withTemporaryDirectory { directory in
            for version in ["..1", "..2"] {
                try checked("mkdir", mkdir("\(directory)/\(version)", 0o755))
                try writeFile("\(directory)/\(version)/x", version)
            }
            try checked("symlink", symlink("..1", directory + "/..data"))
            try checked("symlink", symlink("..data/x", directory + "/x"))
            try checked("symlink", symlink(directory + "/x", directory + "/absolute"))
            var watch = try FileWatch(paths: [directory + "/absolute"])

            try writeFile(directory + "/..1/x", "in place")
            #expect(try watch.takeChanges() == true)
            try checked("symlink", symlink("..2", directory + "/..data_tmp"))
            #expect(try watch.takeChanges() == false)
            try checked("rename", rename(directory + "/..data_tmp", directory + "/..data"))
            #expect(try watch.takeChanges() == true)
            try writeFile(directory + "/..1/x", "old version")
            #expect(try watch.takeChanges() == false)
            try writeFile(directory + "/..2/x", "new version")
            #expect(try watch.takeChanges() == true)
            try checked("unlink", unlink(directory + "/absolute"))
            #expect(try watch.takeChanges() == true)
        }
    }

    @Test func `a file whose directories are missing is noticed when it comes`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a/b/x"
            var watch = try FileWatch(paths: [path])
            #expect(watch.unwatchedPaths == [])
            try checked("mkdir", mkdir(directory + "/a", 0o755))
            #expect(try watch.takeChanges() == true)
            try checked("mkdir", mkdir(directory + "/a/b", 0o755))
            #expect(try watch.takeChanges() == true)
            try writeFile(path, "new")
            #expect(try watch.takeChanges() == true)
            #expect(try watch.takeChanges() == false)
            try checked("unlink", unlink(path))
            try checked("rmdir", rmdir(directory + "/a/b"))
            #expect(try watch.takeChanges() == true)
            try checked("mkdir", mkdir(directory + "/a/b", 0o755))
            #expect(try watch.takeChanges() == true)
            try writeFile(path, "new")
            #expect(try watch.takeChanges() == true)
        }
    }

    @Test func `a directory that is exchanged as a whole is noticed`() throws {
        try withTemporaryDirectory { directory in
            for name in ["d", "e"] {
                try checked("mkdir", mkdir("\(directory)/\(name)", 0o755))
                try writeFile("\(directory)/\(name)/x", name)
            }
            var watch = try FileWatch(paths: [directory + "/d/x"])
            try checked("rename", rename(directory + "/d", directory + "/f"))
            #expect(try watch.takeChanges() == true)
            try checked("rename", rename(directory + "/e", directory + "/d"))
            #expect(try watch.takeChanges() == true)
            try writeFile(directory + "/d/x", "new")
            #expect(try watch.takeChanges() == true)
            try writeFile(directory + "/f/x", "old")
            #expect(try watch.takeChanges() == false)
        }
    }

    @Test func `a file where a directory should be is noticed when it goes`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/a", "in the way")
            var watch = try FileWatch(paths: [directory + "/a/x"])
            #expect(watch.unwatchedPaths == [])
            try checked("unlink", unlink(directory + "/a"))
            #expect(try watch.takeChanges() == true)
            try checked("mkdir", mkdir(directory + "/a", 0o755))
            #expect(try watch.takeChanges() == true)
        }
    }

    @Test func `links that lead in a circle end, and are noticed when they are mended`() throws {
        try withTemporaryDirectory { directory in
            try checked("symlink", symlink("b", directory + "/a"))
            try checked("symlink", symlink("a", directory + "/b"))
            var watch = try FileWatch(paths: [directory + "/a"])
            try checked("unlink", unlink(directory + "/b"))
            #expect(try watch.takeChanges() == true)
            try writeFile(directory + "/b", "new")
            #expect(try watch.takeChanges() == true)
        }
    }

    @Test func `other files can be watched instead`() throws {
        try withTemporaryDirectory { directory in
            for name in ["d", "e"] { try checked("mkdir", mkdir("\(directory)/\(name)", 0o755)) }
            var watch = try FileWatch(paths: [directory + "/d/x"])
            watch.replacePaths([directory + "/e/x", directory + "/e/y"])
            try writeFile(directory + "/d/x", "no more")
            #expect(try watch.takeChanges() == false)
            for name in ["x", "y"] {
                try writeFile("\(directory)/e/\(name)", "new")
                #expect(try watch.takeChanges() == true)
            }
            watch.replacePaths([])
            try writeFile(directory + "/e/x", "no more")
            #expect(try watch.takeChanges() == false)
        }
    }

    /// Like /etc/ssl/private of Debian, which the group of those with certificates may enter and not list.
    @Test func `in a directory that may not be listed the file itself is watched`() throws {
        try withTemporaryDirectory { root in
            let directory = root + "/private"
            try checked("mkdir", mkdir(directory, 0o311))
            defer { chmod(directory, 0o755) }
            try writeFile(directory + "/x", "old")
            try withoutPrivileges {
                var watch = try FileWatch(paths: [directory + "/x", directory + "/y"])
                #expect(watch.unwatchedPaths == [directory + "/y"])
                try asOwner { try writeFile(directory + "/x", "new") }
                #expect(try watch.takeChanges() == true)
                try asOwner { try Change.replaced.make(in: directory) }
                #expect(try watch.takeChanges() == true)
                try asOwner { try writeFile(directory + "/x", "newer") }
                #expect(try watch.takeChanges() == true)
            }
        }
    }

    @Test func `events that were lost count as a change`() throws {
        let limit = try #require(Int(String(decoding: Files.read(queueLimit).dropLast(), as: UTF8.self)))
        try #require(limit <= 100_000)
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/y", "")
            try writeFile(directory + "/z", "")
            var watch = try FileWatch(paths: [directory + "/x"])
            // The same event twice in a row is reported once, so two files take turns.
            for turn in 0...limit { try checked("chmod", chmod(directory + (turn % 2 == 0 ? "/y" : "/z"), 0o600)) }
            var calls = 0
            while calls < 1000, try watch.takeChanges() == false { calls += 1 }
            #expect(calls < 1000)
        }
    }

    @Test func `it does not wait and is not inherited`() throws {
        let watch = try FileWatch(paths: [])
        #expect(fcntl(watch.descriptor.number, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(watch.descriptor.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `a relative path begins at the working directory`() throws {
        var watch = try FileWatch(paths: ["no-such-directory/x", "./no-such-file", "no//such/../file"])
        #expect(watch.unwatchedPaths == [])
        #expect(try watch.takeChanges() == false)
    }

    private let queueLimit = "/proc/sys/fs/inotify/max_queued_events"

    /// Does something with the privileges that the test began with.
    private func asOwner(_ body: () throws -> Void) throws {
        let user = geteuid()
        try checked("seteuid", seteuid(getuid()))
        try body()
        try checked("seteuid", seteuid(user))
    }
}
