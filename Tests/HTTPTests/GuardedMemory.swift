import Glibc
import HTTP
import TestSupport

/// Memory whose end is followed by a page that cannot be touched: reading one byte too many ends the process.
struct GuardedMemory: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private static let pageBytes = 4096
    private static let usableBytes = 8 * pageBytes

    init() throws {
        let protection = PROT_READ | PROT_WRITE
        let length = Self.usableBytes + Self.pageBytes
        guard let base = mmap(nil, length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED else {
            throw SystemCallFailure(call: "mmap")
        }
        try checked("mprotect", mprotect(base + Self.usableBytes, Self.pageBytes, PROT_NONE))
        self.base = base
    }

    deinit {
        munmap(base, Self.usableBytes + Self.pageBytes)
    }

    /// The first byte beyond the end.
    var end: UnsafeRawPointer { UnsafeRawPointer(base + Self.usableBytes) }

    /// Parses a copy of the bytes whose last one is the last byte of memory.
    func parseAtEnd(_ bytes: [UInt8]) -> ParseResult {
        withBytesAtEnd(bytes) { parseRequest($0) }
    }

    /// Lends a copy of the bytes whose last one is the last byte of memory.
    func withBytesAtEnd<Result>(_ bytes: [UInt8], _ body: (Span<UInt8>) -> Result) -> Result {
        precondition(bytes.count <= Self.usableBytes)
        let start = base + Self.usableBytes - bytes.count
        start.copyMemory(from: bytes, byteCount: bytes.count)
        return body(UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: bytes.count).span)
    }
}
