import Glibc
import Kernel

/// Lends a new directory that anybody may enter, and removes it with all that is in it afterwards. It lies in memory where
/// there is a place for that: on a disk that others use, making and removing small files may take most of a test's time.
@discardableResult
public func withTemporaryDirectory<Value>(_ body: (String) throws -> Value) throws -> Value {
    let path = try makeTemporaryDirectory()
    let outcome = Result { try body(path) }
    try removeTree(path)
    return try outcome.get()
}

/// The same for as long as somebody holds it, for suites.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let path: String

    /// Makes it.
    public init() throws { path = try makeTemporaryDirectory() }

    deinit {
        do { try removeTree(path) } catch { return }
    }

    /// Writes a file anew, in directories that are made where they are missing.
    public func write(_ name: String, _ content: String) throws {
        if let slash = name.lastIndex(of: "/") { try directory(String(name[..<slash])) }
        try writeFile("\(path)/\(name)", content)
    }

    /// Makes directories, one in the other.
    public func directory(_ name: String) throws {
        var made = path
        for part in name.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o755) != 0, errno != EEXIST { throw SystemCallFailure(call: "mkdir \(made)") }
        }
    }

    /// Makes a symbolic link.
    public func link(_ name: String, to target: String) throws {
        try checked("symlink", symlink(target, "\(path)/\(name)"))
    }
}

private func makeTemporaryDirectory() throws -> String {
    let place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array((place + "/pyjoules-test-" + String(repeating: "X", count: 6)).utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemCallFailure(call: "mkdtemp") }
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    try checked("chmod", chmod(path, 0o755))
    return path
}

/// Writes a file anew.
///
/// It is cut after writing and not before: ext4 waits for the disk when a file that was emptied is closed.
public func writeFile(_ path: String, _ content: [UInt8], mode: mode_t = 0o644) throws {
    let descriptor = try checked("open \(path)", open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode))
    defer { close(descriptor) }
    let written = try checked("write \(path)", write(descriptor, content, content.count))
    guard written == content.count else { throw SystemCallFailure(call: "write \(path) whole") }
    try checked("ftruncate \(path)", ftruncate(descriptor, content.count))
}

/// Writes a file of text anew.
public func writeFile(_ path: String, _ content: String, mode: mode_t = 0o644) throws {
    try writeFile(path, Array(content.utf8), mode: mode)
}

/// Depth first, and links as what they are.
private func removeTree(_ path: String) throws {
    if unlink(path) == 0 { return }
    for name in try Files.names(in: path) { try removeTree("\(path)/\(name)") }
    try checked("rmdir \(path)", rmdir(path))
}
