import CLinux
import Glibc

/// Rules of landlock: from when they are enforced on, this process may do with files and ports what they allow and nothing
/// else, whatever its user could. What is open already stays as it is. See landlock(7).
public struct Landlock: ~Copyable {
    private let ruleset: FileDescriptor
    /// The version of the kernel's interface: 4 and later know TCP ports, 6 and later signals and abstract sockets.
    public let version: Int

    /// A set that allows nothing. `reachesAbstractSockets`: messages may go to unix sockets that have no file.
    public init(reachesAbstractSockets: Bool) throws(SystemError) {
        let version = try attempt { Int(clinux_landlock_version()) }.orThrow("landlock_create_ruleset")
        let created = attempt { Int(clinux_landlock_ruleset(Int32(version), reachesAbstractSockets ? 1 : 0)) }
        ruleset = FileDescriptor(inherited: Int32(try created.orThrow("landlock_create_ruleset")))
        self.version = version
    }

    /// Allows to read a file, or whatever is in and below a directory. The path is the one that it has now: what takes its place
    /// later is something else.
    public borrowing func allowReading(_ path: String) throws(SystemError) {
        let number = ruleset.number
        _ = try attempt { unsafe Int(clinux_landlock_allow_reading(number, path)) }.orThrow("landlock_add_rule")
    }

    /// Allows to make and replace files in an open directory, and whatever is below it.
    public borrowing func allowReplacing(inDirectory directory: Int32) throws(SystemError) {
        let number = ruleset.number
        let version = Int32(self.version)
        _ = try attempt { Int(clinux_landlock_allow_replacing(number, directory, version)) }.orThrow(
            "landlock_add_rule")
    }

    /// Enforces the rules, for good; needs `Privileges.forbidNew` first. Threads that run already are not bound by them.
    public consuming func enforce() throws(SystemError) {
        let number = ruleset.number
        _ = try attempt { Int(clinux_landlock_restrict(number)) }.orThrow("landlock_restrict_self")
    }
}
