/// A byte buffer of fixed capacity that owns its memory: bytes go in at the end and come out at the front.
///
/// It allocates once, when it is made. What does not fit is left out and `overflowed` says so; nothing traps
/// and nothing grows, because the bytes may come from outside.
@safe
public struct ByteBuffer: ~Copyable {
    @usableFromInline let base: UnsafeMutablePointer<UInt8>
    /// The most bytes that it can hold.
    public let capacity: Int
    /// So many more have room before them: see `withBytes(after:_:)`.
    private let headroom: Int
    /// Where the unread bytes begin and end; `0 <= start <= end <= capacity`.
    @usableFromInline var start = 0
    @usableFromInline var end = 0
    /// Something did not fit since the buffer was last emptied; its content is incomplete.
    public private(set) var overflowed = false

    /// An empty buffer with room for so many bytes, at least one, and for others before them.
    public init(capacity: Int, headroom: Int = 0) {
        precondition(capacity > 0 && headroom >= 0)
        unsafe base = UnsafeMutablePointer.allocate(capacity: headroom + capacity) + headroom
        self.capacity = capacity
        self.headroom = headroom
    }

    deinit {
        unsafe (base - headroom).deallocate()
    }

    /// The number of bytes that can be read.
    @inlinable public var count: Int { end - start }
    /// Whether there is no byte to read.
    @inlinable public var isEmpty: Bool { start == end }
    /// The number of bytes that fit at the end without moving anything.
    @inlinable public var freeCount: Int { capacity - end }

    /// Lends the unread bytes.
    @inlinable
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe UnsafeBufferPointer(start: base + start, count: end - start)
        return try unsafe body(bytes.span)
    }

    /// Lends the unread bytes with others put before them, all in one piece; nil if the headroom is too small for those.
    public mutating func withBytes<Result>(after others: Span<UInt8>, _ body: (Span<UInt8>) -> Result) -> Result? {
        guard others.count <= headroom + start else { return nil }
        let first = unsafe base + (start - others.count)
        unsafe others.withUnsafeBufferPointer { source in
            guard let bytes = source.baseAddress else { return }
            unsafe first.update(from: bytes, count: source.count)
        }
        return unsafe body(UnsafeBufferPointer(start: first, count: others.count + count).span)
    }

    /// Lends the free space at the end; what the closure appends becomes part of the content.
    @inlinable
    public mutating func withFreeSpace<Result, Failure: Error>(
        _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let free = unsafe UnsafeMutableBufferPointer(start: base + end, count: capacity - end)
        var output = unsafe OutputSpan(buffer: free, initializedCount: 0)
        let result = try body(&output)
        end += unsafe output.finalize(for: free)
        return result
    }

    /// Appends a byte.
    @inlinable
    public mutating func append(_ byte: UInt8) {
        guard end < capacity else { return markOverflowed() }
        unsafe base[end] = byte
        end += 1
    }

    /// Appends bytes, all of them or none.
    @inlinable
    public mutating func append(_ bytes: Span<UInt8>) {
        guard bytes.count <= freeCount else { return markOverflowed() }
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let first = source.baseAddress else { return }
            unsafe (base + end).update(from: first, count: source.count)
        }
        end += bytes.count
    }

    /// Appends text.
    @inlinable
    public mutating func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        guard length <= freeCount else { return markOverflowed() }
        unsafe (base + end).update(from: text.utf8Start, count: length)
        end += length
    }

    /// Appends eight bytes, the least significant first.
    @inlinable
    public mutating func append(littleEndian word: UInt64) {
        guard freeCount >= 8 else { return markOverflowed() }
        unsafe UnsafeMutableRawPointer(base + end).storeBytes(of: word.littleEndian, as: UInt64.self)
        end += 8
    }

    /// Appends words of eight bytes each, all of them or none.
    @inlinable
    public mutating func append(littleEndian words: Span<UInt64>) {
        guard words.count <= freeCount / 8 else { return markOverflowed() }
        let place = unsafe UnsafeMutableRawPointer(base + end)
        for index in words.indices {
            unsafe place.storeBytes(of: words[index].littleEndian, toByteOffset: index * 8, as: UInt64.self)
        }
        end += words.count * 8
    }

    /// Puts bytes before the unread byte at `offset`: a length that is known only when what it counts has been written.
    @inlinable
    public mutating func insert(_ bytes: Span<UInt8>, at offset: Int) {
        precondition(offset >= 0 && offset <= count)
        guard bytes.count <= freeCount else { return markOverflowed() }
        let place = unsafe base + start + offset
        unsafe (place + bytes.count).update(from: place, count: count - offset)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let first = source.baseAddress else { return }
            unsafe place.update(from: first, count: source.count)
        }
        end += bytes.count
    }

    /// Appends text that is not known at compile time, all of it or nothing.
    public mutating func append(_ text: String) {
        let characters = text.utf8
        append(characters.span)
    }

    /// Forgets the first `count` unread bytes.
    @inlinable
    public mutating func removeFirst(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        start += count
        if start == end { removeAll() }
    }

    /// Moves the unread bytes to the front, so that all free space lies at the end.
    public mutating func compact() {
        guard start > 0 else { return }
        unsafe base.update(from: base + start, count: count)
        end -= start
        start = 0
    }

    /// Forgets all bytes, and that some did not fit.
    public mutating func removeAll() {
        start = 0
        end = 0
        overflowed = false
    }

    @usableFromInline
    mutating func markOverflowed() {
        overflowed = true
    }
}
