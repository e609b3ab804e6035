import Counters
import Glibc
import TestSupport
import Testing

@testable import Kernel
@testable import Sources

/// Looking at a directory of feeds: whom is trusted, what comes and goes, and when something is new.
@Suite struct FeedSourceTests {
    @Test func `a feed is read once a second, and only when it is another one`() throws {
        try withFeeds { feeds in
            try feeds.publish("a", counter(1_000, at: 100))
            var source = feeds.source()
            #expect(feeds.look(&source, 100.0) == [.counter(1_000)])
            try feeds.publish("a", counter(2_000, at: 100.5))
            #expect(feeds.look(&source, 100.9).isEmpty, "less than a second later nobody looks")
            #expect(feeds.look(&source, 101.0) == [.counter(2_000)])
            #expect(source.read(0).span.middle.monotonicNanoseconds == 100_500_000_000, "the moment is the feed's")
            #expect(feeds.look(&source, 102.0).isEmpty, "nothing new")
            #expect(source.feeds[0].publication == 2)
        }
    }

    @Test func `what nobody has published for three periods is stale, and fresh again with the next`() throws {
        try withFeeds { feeds in
            try feeds.publish("a", counter(1_000, at: 100))
            var source = feeds.source()
            _ = feeds.look(&source, 100.0)
            #expect(feeds.look(&source, 103.0).isEmpty)
            #expect(feeds.look(&source, 104.1) == [.failure(.stale)])
            #expect(feeds.look(&source, 105.2) == [.failure(.stale)], "counted once a look")
            try feeds.publish("a", counter(3_000, at: 106))
            #expect(feeds.look(&source, 106.3) == [.counter(3_000)])
        }
    }

    @Test(arguments: [
        ("a cut", "pyjoules-feed 1\nreader name=test period=1\n", "cut off"),
        ("time", counter(5_000, at: 99), "earlier"), ("future", counter(5_000, at: 103.2), "future"),
    ])
    func `a feed that cannot be believed is garbage until the next`(_: String, text: String, words: String) throws {
        try withFeeds { feeds in
            try feeds.publish("a", counter(1_000, at: 100))
            var source = feeds.source()
            _ = feeds.look(&source, 100.0)
            try feeds.publish("a", text)
            #expect(feeds.look(&source, 102.0) == [.failure(.garbage)])
            #expect(feeds.refusals(source).contains { $0.contains("a.feed") && $0.contains(words) })
            #expect(feeds.look(&source, 103.0) == [.failure(.garbage)])
            try feeds.publish("a", counter(3_000, at: 104))
            #expect(feeds.look(&source, 104.0) == [.counter(3_000)])
            #expect(feeds.refusals(source).isEmpty)
        }
    }

    @Test func `feeds and devices come and go at any time, and keep their names`() throws {
        try withFeeds(make: false) { feeds in
            var source = feeds.source()
            #expect(feeds.look(&source, 100.0).isEmpty)
            try feeds.make()
            try feeds.publish("b", counter(7, at: 102, id: "two"))
            #expect(feeds.look(&source, 102.0) == [.counter(7)])
            try feeds.publish("a", counter(9, at: 104, id: "one"))
            try feeds.publish("b", feed())
            #expect(feeds.look(&source, 104.0) == [.failure(.unregistered), .counter(9)])
            try feeds.remove("a")
            try feeds.publish("b", counter(8, at: 106, id: "two"))
            #expect(feeds.look(&source, 106.0) == [.counter(8), .failure(.unregistered)])
            #expect(feeds.tags == ["meter", "meter_2"])
        }
    }

    @Test(arguments: ["x", ".a.feed.tmp", ".feed", "A.feed", "a b.feed", "a.feed~", "-a.feed"])
    func `other names are not looked at`(name: String) throws {
        try withFeeds { feeds in
            try writeFile("\(feeds.path)/\(name)", counter(1_000, at: 100))
            var source = feeds.source()
            #expect(feeds.look(&source, 100.0).isEmpty && source.feeds.isEmpty)
        }
    }

    /// Whatever has the name of a feed and is no file is never waited for, and no way to other files.
    @Test(arguments: ["link", "pipe", "directory", "socket", "zero", "large"])
    func `what is no regular file of bounded size is refused`(kind: String) throws {
        try withFeeds { feeds in
            let path = "\(feeds.path)/a.feed"
            try writeFile("\(feeds.path)/elsewhere", counter(1_000, at: 100))
            switch kind {
            case "link": try checked("symlink", symlink("elsewhere", path))
            case "pipe": try checked("mkfifo", mkfifo(path, 0o644))
            case "directory": try checked("mkdir", mkdir(path, 0o755))
            case "socket": try bindSocket(path)
            case "zero": try checked("symlink", symlink("/dev/zero", path))
            default: try writeFile(path, counter(1_000, at: 100) + String(repeating: "#", count: 70_000))
            }
            var source = feeds.source()
            #expect(feeds.look(&source, 100.0).isEmpty)
            #expect(feeds.refusals(source).count == 1, "\(feeds.refusals(source))")
        }
    }

    @Test(arguments: [0o757, 0o777, 0o1777, 0o755, 0o775, 0o700] as [mode_t])
    func `a directory that anybody may write to is not trusted`(mode: mode_t) throws {
        try withFeeds { feeds in
            try feeds.publish("a", counter(1_000, at: 100))
            try checked("chmod", chmod(feeds.path, mode))
            var source = feeds.source()
            let isOpen = mode & 0o002 == 0
            #expect(feeds.look(&source, 100.0) == (isOpen ? [.counter(1_000)] : []))
            #expect(source.directory.condition == (isOpen ? .open : .refused(.writableByAll)))
            try checked("chmod", chmod(feeds.path, 0o755))
            #expect(feeds.look(&source, 102.0) == (isOpen ? [] : [.counter(1_000)]), "it is looked at again")
        }
    }

    @Test func `a directory that is reached by a link, or is none, is not trusted`() throws {
        try withFeeds { feeds in
            try feeds.publish("a", counter(1_000, at: 100))
            try checked("symlink", symlink(feeds.path, feeds.path + "-link"))
            for path in [feeds.path + "-link", feeds.path + "/a.feed"] {
                var source = FeedSource(path, isInUserNamespace: false, isWanted: true)
                #expect(feeds.look(&source, 100.0).isEmpty)
                #expect(source.directory.condition == .refused(.notADirectory))
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `a directory of somebody else is not trusted`() throws {
        try withFeeds { feeds in
            try feeds.publish("a", counter(1_000, at: 100))
            try checked("chown", chown(feeds.path, 1234, 0))
            var source = feeds.source()
            #expect(feeds.look(&source, 100.0).isEmpty)
            #expect(source.directory.condition == .refused(.foreignOwner(1234)))
        }
    }

    @Test func `a rename between opening and reading does no harm`() throws {
        try withFeeds { feeds in
            try feeds.publish("a", counter(1_000, at: 100))
            let directory = try OpenDirectory(at: StoredPath(feeds.path))
            let opened = try directory.open(reading: StoredPath("a.feed"))
            try feeds.publish("a", counter(2_000, at: 101))
            var bytes: [UInt8] = []
            bytes.append(addingCapacity: 1000) { output in _ = opened.read(at: 0, into: &output) }
            var content = FeedContent()
            try content.parse(bytes.span)
            #expect(content.entries[0].form == .counter(microjoules: 1_000), "the old one, whole")
        }
    }

    @Test func `a counter that changes its unit or its range is another counter`() throws {
        try withFeeds { feeds in
            try feeds.publish("a", feed("counter id=m domain=meter kind=sensor unit=1 raw=5 at=100"))
            var source = feeds.source()
            _ = feeds.look(&source, 100.0)
            try feeds.publish("a", feed("counter id=m domain=meter kind=sensor unit=2 raw=5 at=101"))
            source.look(at: moment(101), real: 0)
            #expect(source.read(0).reading == .failure(.unregistered))
        }
    }

    @Test func `power is integrated between publications`() throws {
        try withFeeds { feeds in
            func power(_ watts: String, at time: Double) -> String {
                feed("power id=m domain=wall kind=sensor watts=\(watts) at=\(time)")
            }
            try feeds.publish("a", power("10", at: 100))
            var source = feeds.source()
            #expect(feeds.look(&source, 100.0) == [.counter(0)])
            try feeds.publish("a", power("20", at: 102))
            #expect(feeds.look(&source, 102.0) == [.counter(30_000_000)])
            try feeds.publish("a", feed("unreadable id=m domain=wall kind=sensor reason=asleep"))
            #expect(feeds.look(&source, 103.0) == [.failure(.asleep)])
            try feeds.publish("a", power("20", at: 104))
            #expect(feeds.look(&source, 104.0) == [.counter(30_000_000, afterGap: true)])
        }
    }

    @Test func `samples are shown once, and those of a time before are left out`() throws {
        try withFeeds { feeds in
            func publication(_ watts: String, until: Double, raw: Int) -> String {
                feed(
                    "counter id=m domain=meter kind=gpu unit=1 raw=\(raw) bound=100 at=\(until)",
                    "samples id=m every=0.5 until=\(until) watts=\(watts)")
            }
            try feeds.publish("a", publication("1,2", until: 100, raw: 1))
            var source = feeds.source()
            _ = feeds.look(&source, 100.0)
            #expect(samples(source) == [1_000_000, 2_000_000])
            try feeds.publish("a", publication("1,2,3,400,5", until: 101.5, raw: 2))
            _ = feeds.look(&source, 101.5)
            #expect(samples(source) == [3_000_000, 5_000_000], "one is beyond the bound")
            try feeds.publish("a", "garbage")
            _ = feeds.look(&source, 103.0)
            #expect(samples(source).isEmpty)
        }
    }

    private func samples(_ source: borrowing FeedSource) -> [UInt64] {
        var samples: [UInt64] = []
        source.forEachSample(0) { samples.append($0) }
        return samples
    }

    private func bindSocket(_ path: String) throws {
        let number = try checked("socket", socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        defer { close(number) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        try checked(
            "bind",
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, length) }
            })
    }
}

private func counter(_ raw: UInt64, at seconds: Double, id: String = "m") -> String {
    feed("counter id=\(id) domain=meter kind=sensor unit=1 raw=\(raw) at=\(seconds)")
}

private func moment(_ seconds: Double) -> Moment {
    let nanoseconds = UInt64(seconds * 1_000_000_000)
    return Moment(monotonicNanoseconds: nanoseconds, boottimeNanoseconds: nanoseconds)
}

/// A directory of feeds, and the names that their devices have.
private final class Feeds {
    let path: String
    private(set) var tags: [String] = []
    private var names = SensorNames()
    private var identities: [String] = []

    init(_ path: String) { self.path = path }

    func make() throws { try checked("mkdir", mkdir(path, 0o755)) }

    func publish(_ name: String, _ text: String) throws {
        let temporary = "\(path)/.\(name).feed.tmp"
        try writeFile(temporary, text)
        try checked("rename", rename(temporary, "\(path)/\(name).feed"))
    }

    func remove(_ name: String) throws { try checked("unlink", unlink("\(path)/\(name).feed")) }

    func source() -> FeedSource { FeedSource(path, isInUserNamespace: false, isWanted: true) }

    /// Looks, attaches what is there and was not, and gives what is new.
    func look(_ source: inout FeedSource, _ seconds: Double) -> [Reading] {
        source.look(at: moment(seconds), real: 0)
        let discovery = source.discover(&names, [:], at: moment(seconds))
        for found in discovery.found where !identities.contains(found.facts.identity) {
            source.attach(found, at: identities.count)
            identities.append(found.facts.identity)
            tags.append(found.facts.domain.tag)
        }
        return source.counters.indices.filter { source.hasNews($0) }.map { source.read($0).reading }
    }

    func refusals(_ source: borrowing FeedSource) -> [String] {
        var names = names
        return source.discover(&names, [:], at: moment(0)).refused.map { "\($0.name): \($0.reason)" }
    }
}

private func withFeeds(make: Bool = true, _ body: (Feeds) throws -> Void) throws {
    try withTemporaryDirectory { directory in
        let feeds = Feeds(directory + "/feeds")
        if make { try feeds.make() }
        try body(feeds)
    }
}
