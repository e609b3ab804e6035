import CLinux
import Glibc

/// A few pages of memory that outlive this process: an anonymous file that somebody else holds open too.
@safe
public struct SharedMemory: ~Copyable {
    /// The file behind the memory, to be handed to whoever should keep it.
    public let descriptor: FileDescriptor
    /// In bytes.
    public let length: Int
    private let base: UnsafeMutableRawPointer

    /// New memory without a name in the file system, of a length that is sealed. See memfd_create(2).
    public init(anonymous name: String, length: Int) throws(SystemError) {
        let created = attempt { unsafe Int(clinux_memfd(name, length)) }
        try self.init(mapping: FileDescriptor(inherited: Int32(try created.orThrow("memfd_create"))), length: length)
    }

    /// Memory that this process was given; it must have the length, and be sealed so that nobody can shorten it, which would end
    /// whoever uses it. See mmap(2).
    public init(mapping descriptor: consuming FileDescriptor, length: Int) throws(SystemError) {
        guard try FileStatus(of: descriptor).size == length else {
            throw SystemError(call: "mmap", code: .invalidArgument)
        }
        let number = descriptor.number
        guard clinux_is_sealed(number) != 0 else { throw SystemError(call: "mmap", code: .operationNotPermitted) }
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
