import Bytes

/// Buffers of one size that connections borrow while they hold bytes. An idle connection has none, so the pool is as large
/// as what is really under way, and giving back and taking again costs no allocation.
struct BufferPool: ~Copyable {
    /// Spare buffers beyond these are freed, so that an attack's memory does not stay.
    private static let spareLimit = 16

    private let capacity: Int
    private var spares = InlineArray<16, ByteBuffer?> { _ in nil }
    private var spareCount = 0

    init(bufferCapacity: Int) {
        capacity = bufferCapacity
    }

    mutating func take() -> ByteBuffer {
        if spareCount > 0, let spare = spares[spareCount - 1].take() {
            spareCount -= 1
            return spare
        }
        return ByteBuffer(capacity: capacity)
    }

    mutating func giveBack(_ buffer: consuming ByteBuffer) {
        guard spareCount < BufferPool.spareLimit else { return }
        buffer.removeAll()
        spares[spareCount] = consume buffer
        spareCount += 1
    }
}
