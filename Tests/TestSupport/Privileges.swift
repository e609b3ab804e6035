import Glibc

/// Whether file permissions mean nothing to this process.
public var isPrivileged: Bool { geteuid() == 0 }

/// Does something as a user to whom file permissions apply.
public func withoutPrivileges<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
    guard isPrivileged else { return try body() }
    let nobody: uid_t = 65_534
    try checked("seteuid", seteuid(nobody))
    let outcome = Result { try body() }
    try checked("seteuid", seteuid(0))
    return try outcome.get()
}
