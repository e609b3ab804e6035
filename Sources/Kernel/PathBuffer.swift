import Glibc

/// A path that is put together name by name in memory of its own, so that opening files again and again allocates nothing.
///
/// It holds at most what the kernel takes, 4,095 bytes. What does not fit is left out, and says so.
@safe
public struct PathBuffer: ~Copyable {
    private static let capacity = Int(PATH_MAX)

    private let bytes: UnsafeMutablePointer<CChar>
    /// How many bytes the path has.
    public private(set) var count = 0

    /// An empty path.
    public init() {
        unsafe bytes = UnsafeMutablePointer.allocate(capacity: PathBuffer.capacity)
        unsafe bytes[0] = 0
    }

    deinit {
        unsafe bytes.deallocate()
    }

    /// Appends bytes as they are, slashes included.
    ///
    /// - Returns: false if they do not fit, or hold a zero; then nothing is appended.
    public mutating func append(_ more: Span<UInt8>) -> Bool {
        guard count + more.count < PathBuffer.capacity else { return false }
        for index in more.indices {
            guard more[index] != 0 else { return fail() }
            unsafe bytes[count + index] = CChar(bitPattern: more[index])
        }
        count += more.count
        unsafe bytes[count] = 0
        return true
    }

    /// Appends text.
    public mutating func append(_ text: StaticString) -> Bool {
        unsafe append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).span)
    }

    /// Appends text that is not known at compile time.
    public mutating func append(_ text: String) -> Bool {
        let characters = text.utf8
        return append(characters.span)
    }

    /// Forgets all bytes from a place on.
    public mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        count = length
        unsafe bytes[count] = 0
    }

    private func fail() -> Bool {
        unsafe bytes[count] = 0
        return false
    }

    /// Lends the path as the kernel takes it.
    borrowing func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe body(UnsafePointer(bytes))
    }
}

extension FileDescriptor {
    /// Opens an existing regular file for reading, and never waits. It allocates nothing. See open(2).
    public static func open(reading path: borrowing PathBuffer) throws(SystemError) -> FileDescriptor {
        let descriptor = try open(path, O_RDONLY)
        guard try FileStatus(of: descriptor).isRegular else { throw SystemError(call: "open", code: .notRegularFile) }
        return descriptor
    }

    static func open(_ path: borrowing PathBuffer, _ flags: Int32) throws(SystemError) -> FileDescriptor {
        let outcome = unsafe path.withPath { name in
            attempt { unsafe Int(Glibc.open(name, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) }
        }
        return FileDescriptor(inherited: Int32(try outcome.orThrow("open")))
    }
}
