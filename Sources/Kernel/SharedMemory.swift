import CLinux
import Glibc

/// A few pages of memory that outlive this process: an anonymous file that somebody else holds open too, or a file on disk.
@safe
public struct SharedMemory: ~Copyable {
    /// The file behind the memory, to be handed to whoever should keep it.
    public let descriptor: FileDescriptor
    /// In bytes.
    public let length: Int
    /// A file was there and was emptied, because it had another length.
    public private(set) var isReplacement = false
    private let base: UnsafeMutableRawPointer

    /// New memory without a name in the file system, of a length that is sealed. See memfd_create(2).
    public init(anonymous name: String, length: Int) throws(SystemError) {
        let created = attempt { unsafe Int(clinux_memfd(name, length)) }
        try self.init(mapping: FileDescriptor(inherited: Int32(try created.orThrow("memfd_create"))), length: length)
    }

    /// A file, made if there is none, and locked against a second user for as long as it is open. While somebody else has it locked,
    /// the error has the code `.wouldBlock`. See flock(2).
    ///
    /// - Parameter older: a file of this length is lengthened and keeps what it holds.
    public init(file path: String, length: Int, growingFrom older: Int? = nil) throws(SystemError) {
        let opened = attempt { unsafe Int(Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)) }
        let descriptor = FileDescriptor(inherited: Int32(try opened.orThrow("open")))
        let number = descriptor.number
        _ = try attempt { Int(flock(number, LOCK_EX | LOCK_NB)) }.orThrow("flock")
        let size = try FileStatus(of: descriptor).size
        let isOlder = size == older
        if isOlder {
            _ = try attempt { Int(ftruncate(number, length)) }.orThrow("ftruncate")
        } else if size != length {
            // Of another length it is not ours, or from another version: what it holds means nothing here.
            _ = try attempt { Int(ftruncate(number, 0)) }.orThrow("ftruncate")
            _ = try attempt { Int(ftruncate(number, length)) }.orThrow("ftruncate")
        }
        try self.init(mapping: descriptor, length: length)
        isReplacement = size != 0 && size != length && !isOlder
    }

    /// Memory that this process was given; it must have the length. See mmap(2).
    public init(mapping descriptor: consuming FileDescriptor, length: Int) throws(SystemError) {
        guard try FileStatus(of: descriptor).size == length else {
            throw SystemError(call: "mmap", code: .invalidArgument)
        }
        let number = descriptor.number
        guard let mapped = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0),
            unsafe mapped != MAP_FAILED
        else { throw SystemError(call: "mmap", code: lastError()) }
        self.descriptor = descriptor
        self.length = length
        unsafe base = unsafe mapped
    }

    deinit {
        _ = unsafe munmap(base, length)
    }

    /// Lends a part of the content.
    public func withBytes<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= length)
        let bytes = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
        return try unsafe body(bytes.bindMemory(to: UInt8.self).span)
    }

    /// Replaces the content from an offset on.
    public mutating func write(_ bytes: Span<UInt8>, at offset: Int) {
        precondition(offset >= 0 && offset + bytes.count <= length)
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + offset).copyMemory(from: start, byteCount: source.count)
        }
    }
}
