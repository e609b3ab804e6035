import Glibc

/// Who this process is, and the names of users and groups: for messages at start-up and for commands; the loop asks for none of them.
public enum Account {
    /// See geteuid(2).
    public static var user: UInt32 { geteuid() }

    /// The groups whose files this process may use, its own first. See getgroups(2).
    public static var groups: [UInt32] {
        let capacity = 1024
        var space = [gid_t](repeating: 0, count: capacity)
        let count = unsafe Int(getgroups(Int32(capacity), &space))
        let own = getegid()
        return [own] + space.prefix(max(0, count)).filter { $0 != own }
    }

    /// A user's name; nil for numbers that nobody has named. See getpwuid(3).
    public static func userName(_ identifier: UInt32) -> String? {
        guard let entry = unsafe getpwuid(identifier), let name = unsafe entry.pointee.pw_name else { return nil }
        return unsafe String(cString: name)
    }

    /// See getgrgid(3).
    public static func groupName(_ identifier: UInt32) -> String? {
        guard let entry = unsafe getgrgid(identifier), let name = unsafe entry.pointee.gr_name else { return nil }
        return unsafe String(cString: name)
    }
}
