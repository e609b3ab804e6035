/// The memory that the kernel lets this process have.
public enum MemoryLimit {
    /// The lowest limit of the cgroups that the process is in, in bytes; nil if there is none, or none can be seen. Control groups of version
    /// 1 are not looked at. See cgroups(7), "memory.max" in the kernel's cgroup-v2.
    ///
    /// - Parameters:
    ///   - procfs: the root of the proc file system.
    ///   - cgroupfs: where the cgroups are mounted.
    public static func bytes(procfs: String, cgroupfs: String) -> Int? {
        var group = ownGroup(procfs)
        var lowest: Int?
        while let path = group {
            if let limit = limit(of: cgroupfs + path) { lowest = min(lowest ?? limit, limit) }
            group = path == "/" ? nil : Files.directory(of: path)
        }
        return lowest
    }

    /// Its path in the hierarchy of version 2; nil where that is not to be found.
    private static func ownGroup(_ procfs: String) -> String? {
        text(procfs + "/self/cgroup")?.split(separator: "\n").first { $0.hasPrefix("0::/") }
            .map { String($0.dropFirst("0::".count)) }
    }

    /// `max` stands for none; a group that has no such file has no limit of its own.
    private static func limit(of group: String) -> Int? {
        guard let text = text(group + "/memory.max"), let bytes = Int(text.prefix { $0 != "\n" }) else { return nil }
        return bytes > 0 ? bytes : nil
    }

    private static func text(_ path: String) -> String? {
        do {
            return String(decoding: try Files.read(path), as: UTF8.self)
        } catch {
            return nil
        }
    }
}
