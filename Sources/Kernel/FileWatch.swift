import CLinux
import Glibc

/// Says when any of a few files may have changed: written, replaced, moved, removed or come back, under its own name or behind
/// the symbolic links that lead to it, such as the `..data` that Kubernetes exchanges. See inotify(7).
///
/// Watched are the directories that hold the files and the links, since what is watched by itself is lost when another takes its
/// name. So other changes in such a directory wake the loop for nothing. Where a part of the path is missing, the directory is
/// watched in which it would appear. When a directory further up is moved away, that is not noticed.
public struct FileWatch: ~Copyable {
    /// Readable when something happened in one of the directories.
    public let descriptor: FileDescriptor
    /// Those of which nothing can be learned, because a directory may not be read, or because the kernel has no watch left
    /// (fs.inotify.max_user_watches). Each time the places are made anew, they are tried again.
    public private(set) var unwatchedPaths: [String]
    private var paths: [String]
    private var places: [WatchedPlace]

    /// Reads for one call; the kernel keeps at most fs.inotify.max_queued_events, and reports the rest again.
    private static let readsPerCall = 64
    private static let triesPerPath = 3

    /// Relative paths begin at the working directory.
    public init(paths: [String]) throws(SystemError) {
        let created = attempt { Int(inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))) }
        let descriptor = FileDescriptor(inherited: Int32(try created.orThrow("inotify_init1")))
        let found = FileWatch.place(paths, on: descriptor)
        self.descriptor = descriptor
        self.paths = paths
        places = found.places
        unwatchedPaths = found.unwatchedPaths
    }

    /// Watches other files from now on.
    public mutating func replacePaths(_ paths: [String]) {
        self.paths = paths
        placeAnew()
    }

    /// Whether a file may have changed since the last call; to be asked when the descriptor is readable.
    ///
    /// What happens after the answer makes it readable again, so a reader that comes later misses nothing. A file that is being
    /// written is reported more than once, also before it is complete: wait until it has been quiet for a moment.
    public mutating func takeChanges() throws(SystemError) -> Bool {
        var hasChanged = false
        for _ in 0..<FileWatch.readsPerCall {
            guard let isRelevant = try readEvents() else { break }
            hasChanged = hasChanged || isRelevant
        }
        // The way to the file may be another now.
        if hasChanged { placeAnew() }
        return hasChanged
    }

    /// Whether one of the events that wait is relevant; nil if none waits.
    private func readEvents() throws(SystemError) -> Bool? {
        // Room for several events of the longest name.
        var bytes = InlineArray<4096, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        let number = descriptor.number
        return try unsafe span.withUnsafeMutableBytes { (buffer) throws(SystemError) -> Bool? in
            guard let base = buffer.baseAddress else { return nil }
            switch attempt({ unsafe Glibc.read(number, base, buffer.count) }) {
            case .value(let count): return unsafe areRelevant(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            case .failure(let code) where code.number == EAGAIN: return nil
            case .failure(let code): throw SystemError(call: "read(inotify)", code: code)
            }
        }
    }

    private func areRelevant(_ events: UnsafeRawBufferPointer) -> Bool {
        let headBytes = MemoryLayout<inotify_event>.size
        var offset = 0
        while offset + headBytes <= events.count {
            let event = unsafe events.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let end = offset + headBytes + Int(event.len)
            guard end <= events.count else { return true }
            // Events were lost: anything may have happened.
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
            let name = unsafe events[(offset + headBytes)..<end].prefix { $0 != 0 }
            // Without a name it is about the watched thing itself, such as a directory that was removed.
            if places.contains(where: { $0.number == event.wd && (unsafe name.isEmpty || name.elementsEqual($0.name)) })
            {
                return true
            }
            offset = end
        }
        return false
    }

    private mutating func placeAnew() {
        let found = FileWatch.place(paths, on: descriptor)
        for place in places where !found.places.contains(where: { $0.number == place.number }) {
            // Of a directory that is gone, the kernel has given up the watch already.
            _ = attempt { Int(inotify_rm_watch(descriptor.number, place.number)) }
        }
        places = found.places
        unwatchedPaths = found.unwatchedPaths
    }

    private static func place(
        _ paths: [String], on descriptor: borrowing FileDescriptor
    ) -> (places: [WatchedPlace], unwatchedPaths: [String]) {
        var places: [WatchedPlace] = []
        var unwatchedPaths: [String] = []
        for path in paths {
            // A directory that went while its place was made is no reason to give up: the next way ends further up.
            var isWatched = false
            for _ in 0..<triesPerPath where !isWatched {
                var trail = Trail(path)
                isWatched = trail.watch(on: descriptor, &places)
            }
            if !isWatched { unwatchedPaths.append(path) }
        }
        return (places, unwatchedPaths)
    }
}

/// A name in a watched directory; or something watched by itself, whose events have no name.
private struct WatchedPlace {
    /// The kernel's number of the watch.
    let number: Int32
    let name: [UInt8]
}

/// The way to a file, followed name by name as the kernel does, so that each link on it can be watched.
private struct Trail {
    /// As many links as the kernel follows. See path_resolution(7).
    private static let mostLinks = 40
    private static let events = UInt32(
        IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
    )

    /// Where the way has come to; no link leads there any more.
    private var directory: String
    /// The names that are left, the next one last.
    private var names: [String]

    init(_ path: String) {
        directory = path.hasPrefix("/") ? "" : "."
        names = Trail.names(in: path)
    }

    private static func names(in path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).reversed().map { String(decoding: $0, as: UTF8.self) }
    }

    /// Watches what leads to the file, and its own name or that of the first part that is missing.
    ///
    /// - Returns: false if that cannot be.
    mutating func watch(on descriptor: borrowing FileDescriptor, _ places: inout [WatchedPlace]) -> Bool {
        var links = 0
        while let name = names.popLast() {
            let entry = "\(directory)/\(name)"
            // A directory on the way needs no watch. Everything else is looked at once more when it is watched: what changes from
            // then on is an event.
            if case .notLink = Entry(entry), !names.isEmpty {
                directory = entry
                continue
            }
            guard let place = watch(name, on: descriptor) else { return false }
            places.append(place)
            switch Entry(entry) {
            case .link(let target):
                links += 1
                guard links <= Trail.mostLinks else { return true }
                if target.hasPrefix("/") { directory = "" }
                names += Trail.names(in: target)
            case .notLink: directory = entry
            case .missing: return true
            }
        }
        return true
    }

    /// Watches a name in the directory; or, where that may not be read, what has the name now.
    private func watch(_ name: String, on descriptor: borrowing FileDescriptor) -> WatchedPlace? {
        let number = descriptor.number
        for path in [directory.isEmpty ? "/" : directory, "\(directory)/\(name)"] {
            switch attempt({
                unsafe Int(inotify_add_watch(number, path, Trail.events | UInt32(IN_DONT_FOLLOW)))
            }) {
            case .value(let watch): return WatchedPlace(number: Int32(watch), name: Array(name.utf8))
            case .failure: continue
            }
        }
        return nil
    }
}

/// What a name stands for, as far as finding a way depends on it.
private enum Entry {
    case link(target: String)
    case notLink
    case missing

    /// Asks by reading it as a link, which tells all three apart. See readlink(2).
    init(_ path: String) {
        var target: [UInt8] = []
        var outcome = Outcome.value(0)
        target.append(addingCapacity: Int(PATH_MAX)) { output in
            outcome = unsafe fill(&output) { buffer, count in
                unsafe readlink(path, buffer.assumingMemoryBound(to: CChar.self), count)
            }
        }
        switch outcome {
        case .value: self = .link(target: String(decoding: target, as: UTF8.self))
        case .failure(.invalidArgument): self = .notLink
        default: self = .missing
        }
    }
}
