import Glibc

extension SystemError {
    /// A process could not become a member of a control group.
    public var isOfJoining: Bool { "\(call)" == "\(ControlGroup.joining)" }
}

/// A control group of version 2 that this process made, and removes again. See cgroups(7).
public struct ControlGroup: ~Copyable {
    /// The `call` of an error that says that a process could not become a member.
    static let joining: StaticString = "write(cgroup.procs)"

    /// Its directory.
    public let path: String
    let members: FileDescriptor
    private var isThere = true

    /// Makes a directory that must not be there yet; where it turns out to be no control group, it is removed again.
    public init(making path: String) throws(SystemError) {
        _ = try attempt { unsafe Int(mkdir(path, 0o755)) }.orThrow("mkdir")
        let members: FileDescriptor
        do throws(SystemError) {
            members = try FileDescriptor.open(path + "/cgroup.procs", O_WRONLY | O_NONBLOCK)
        } catch {
            _ = unsafe rmdir(path)
            throw error
        }
        self.path = path
        self.members = members
    }

    deinit {
        if isThere { _ = unsafe rmdir(path) }
    }

    /// Removes it.
    ///
    /// - Returns: false if it is still there, since something still runs in it.
    public mutating func remove() -> Bool {
        if isThere { isThere = unsafe rmdir(path) != 0 }
        return !isThere
    }
}
