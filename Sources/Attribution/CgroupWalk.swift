import Bytes

/// Goes down a path, directory by directory, as long as each is one to look into.
struct CgroupWalk {
    private let start: Int
    private let level: AttributionLevel
    private var surroundings = Surroundings.root
    private var name = CgroupName()

    init(start: Int, level: AttributionLevel) {
        self.start = start
        self.level = level
        name.slice = start..<start
    }

    /// What to do with the directory at the path's end.
    mutating func decide(_ path: Span<UInt8>, _ globs: [Glob]) -> CgroupPlace {
        var place = CgroupPlace.descend(name)
        var position = start
        while position < path.count {
            guard case .descend = place else { return .pass }
            var end = position
            while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
            // An empty name, also after a last slash, is no directory's.
            guard end > position, end + 1 != path.count else { return .pass }
            place = enter(path, position..<end, globs)
            position = end + 1
        }
        return place
    }

    /// What to do with the next directory.
    private mutating func enter(_ path: Span<UInt8>, _ range: Range<Int>, _ globs: [Glob]) -> CgroupPlace {
        let directory = CgroupDirectory(path.extracting(range), at: range.lowerBound, in: surroundings)
        switch directory.kind {
        case .monitor:
            return .pass
        case .node(let next):
            lookInto(path, range, next)
            return level == .slices ? .show(name) : .descend(name)
        case .leaf(let type):
            if level == .slices { return path.extracting(range).equals("init.scope") ? show(directory, type) : .pass }
            if type == .pod, level == .containers || isOpened(path, range, globs) {
                name.podUID = directory.podUID
                surroundings = .pod
                return .descend(name)
            }
            guard isOpened(path, range, globs) else { return show(directory, type) }
            if type == .user { name.uid = directory.uid }
            lookInto(path, range, .opened)
            return .descend(name)
        }
    }

    private func isOpened(_ path: Span<UInt8>, _ range: Range<Int>, _ globs: [Glob]) -> Bool {
        for glob in globs where glob.matches(path.extracting(start..<range.upperBound), name: range.lowerBound - start)
        {
            return true
        }
        return false
    }

    /// The slice's name ends with this directory. It begins with the latest slice of the system's manager, whose names are
    /// unique; what lies below it in other managers' slices and directories is told apart by its path from there.
    private mutating func lookInto(_ path: Span<UInt8>, _ range: Range<Int>, _ next: Surroundings) {
        let begin = range.lowerBound + path.extracting(range).systemdEscapeCount
        name.slice = (follows(path, begin..<range.upperBound) ? begin : name.slice.lowerBound)..<range.upperBound
        surroundings = next
    }

    /// Whether this is directly below the root, or a slice that has the name of the one in which it lies, a hyphen, and more.
    private func follows(_ path: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard name.slice.upperBound > start else { return true }
        let (above, text) = (path.extracting(name.slice), path.extracting(range))
        guard above.hasSuffix(".slice"), text.hasSuffix(".slice") else { return false }
        // Where the name so far has a slash in it, no directory's own begins with it.
        let stem = above.extracting(0..<(above.count - 6))
        return text.count > stem.count && text.hasPrefix(stem) && text[stem.count] == UInt8(ascii: "-")
    }

    private func show(_ directory: CgroupDirectory, _ type: AttributedType) -> CgroupPlace {
        var shown = name
        shown.type = type
        shown.name = directory.name
        shown.nameIsEscaped = directory.nameIsEscaped
        shown.containerID = directory.containerID
        shown.runtime = directory.runtime
        if type == .pod { shown.podUID = directory.podUID }
        if type == .user { shown.uid = directory.uid }
        return .show(shown)
    }
}
