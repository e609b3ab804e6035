import Bytes
import Glibc
import TestSupport

@testable import Accounts
@testable import Kernel
@testable import Sampling

/// Memory that outlives the runs, as systemd's fd store lets it.
struct Store: ~Copyable {
    private var memory: SharedMemory

    init() throws {
        memory = try SharedMemory(anonymous: "test", length: Ledger.memoryBytes)
    }

    init(copying other: borrowing Store) throws {
        try self.init()
        replace(other.content)
    }

    /// What the next run is given.
    func handOver() throws -> LedgerStore {
        let number = try checked("dup", dup(memory.descriptor.number))
        return LedgerStore(try SharedMemory(mapping: FileDescriptor(inherited: number), length: memory.length))
    }

    var content: [UInt8] {
        memory.withBytes(0..<memory.length) { bytes in
            var copy = Array(repeating: UInt8(0), count: bytes.count)
            for index in bytes.indices { copy[index] = bytes[index] }
            return copy
        }
    }

    var halves: [[UInt8]] {
        let content = content
        return [Array(content[..<LedgerImage.longestBytes]), Array(content[LedgerImage.longestBytes...])]
    }

    mutating func fill(_ byte: UInt8) { replace(Array(repeating: byte, count: memory.length)) }

    mutating func replace(_ bytes: [UInt8]) { memory.write(bytes.span, at: 0) }

    mutating func flip(bit: Int) {
        let byte = content[bit / 8] ^ (1 << UInt8(bit % 8))
        memory.write([byte].span, at: bit / 8)
    }

    /// Writes an image with a checksum that is right.
    mutating func forge(at offset: Int, _ image: LedgerImage) {
        var bytes = ByteBuffer(capacity: LedgerImage.longestBytes)
        var encoder = LedgerEncoder(
            boot: image.boot, sequence: image.sequence, recordCount: image.records.count, into: &bytes)
        for record in image.records { encoder.append(record, into: &bytes) }
        encoder.finish(into: &bytes)
        bytes.withBytes { memory.write($0, at: offset) }
    }

    func firstDifference(_ one: [UInt8], _ other: [UInt8]) -> Int {
        one.indices.first { one[$0] != other[$0] } ?? one.count
    }

    func lastDifference(_ one: [UInt8], _ other: [UInt8]) -> Int {
        one.indices.last { one[$0] != other[$0] } ?? 0
    }
}
