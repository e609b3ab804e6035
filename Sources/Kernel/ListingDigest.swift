import Glibc

/// A path in the form that the kernel takes, so that opening it again and again allocates nothing.
public struct StoredPath: Equatable, Sendable {
    fileprivate let bytes: [CChar]

    /// Keeps a path.
    public init(_ path: String) { bytes = Array(path.utf8CString) }

    /// Opens the regular file for reading, and never waits; nil if that cannot be done. See open(2).
    public func open() -> FileDescriptor? {
        guard let descriptor = open(O_RDONLY) else { return nil }
        do throws(SystemError) {
            guard try FileStatus(of: descriptor).isRegular else { return nil }
            return descriptor
        } catch {
            return nil
        }
    }

    fileprivate func open(_ flags: Int32) -> FileDescriptor? {
        let outcome = attempt { unsafe Int(Glibc.open(bytes, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) }
        guard case .value(let number) = outcome else { return nil }
        return FileDescriptor(inherited: Int32(number))
    }

    func open(directory flags: Int32) throws(SystemError) -> FileDescriptor {
        try open(in: AT_FDCWD, O_RDONLY | O_DIRECTORY | flags)
    }

    /// Opens what the path means in an open directory.
    func open(in directory: Int32, _ flags: Int32) throws(SystemError) -> FileDescriptor {
        let outcome = attempt {
            unsafe Int(Glibc.openat(directory, bytes, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY))
        }
        return FileDescriptor(inherited: Int32(try outcome.orThrow("openat")))
    }
}

/// What directories list and small files show, as one number: as long as it stays the same, nothing came or went. It allocates
/// nothing.
///
/// Names and inode numbers go into it (64-bit FNV-1a), so that what went and came back under its old name is seen, too. What cannot
/// be read counts as empty.
public struct ListingDigest: Equatable, Sendable {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Nothing so far.
    public init() {}

    /// Adds what a directory lists. See getdents64(2).
    public mutating func add(directory path: StoredPath) {
        defer { add(0xFF) }
        guard let directory = path.open(O_RDONLY | O_DIRECTORY) else { return }
        do throws(SystemError) {
            try DirectoryRecords.forEach(in: directory) { inode, _, name in
                add(inode: inode)
                for index in name.indices { add(name[index]) }
            }
        } catch {
            return
        }
    }

    /// Adds what a small file shows; what lies beyond 256 bytes does not count.
    public mutating func add(file path: StoredPath) {
        defer { add(0xFF) }
        guard let file = path.open() else { return }
        var content = InlineArray<256, UInt8>(repeating: 0)
        var space = content.mutableSpan
        unsafe space.withUnsafeMutableBufferPointer { buffer in
            var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
            _ = file.read(at: 0, into: &output)
            _ = unsafe output.finalize(for: buffer)
        }
        for index in content.indices where content[index] != 0 { add(content[index]) }
    }

    private mutating func add(inode: UInt64) {
        for index in 0..<8 { add(UInt8(truncatingIfNeeded: inode >> UInt64(8 * index))) }
    }

    private mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }
}
