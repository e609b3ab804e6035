/// Open descriptors in a row, at most as many as there was room made for, closed together when the row goes.
///
/// On the heap and not in an `InlineArray`, so that moving the owner of a long row moves one pointer.
@safe
public struct DescriptorRow: ~Copyable {
    /// How many there is room for.
    public let capacity: Int
    /// How many there are.
    public private(set) var count = 0
    private let storage: UnsafeMutablePointer<FileDescriptor>

    /// Makes room for so many; there are none at first.
    public init(capacity: Int) {
        precondition(capacity >= 0)
        self.capacity = capacity
        unsafe storage = UnsafeMutablePointer.allocate(capacity: capacity)
    }

    deinit {
        unsafe storage.deinitialize(count: count)
        unsafe storage.deallocate()
    }

    /// Takes over one more.
    public mutating func append(_ descriptor: consuming FileDescriptor) {
        precondition(count < capacity)
        unsafe (storage + count).initialize(to: descriptor)
        count += 1
    }

    /// Closes one and takes over another in its place.
    public mutating func replace(_ index: Int, with descriptor: consuming FileDescriptor) {
        precondition(index >= 0 && index < count)
        unsafe storage[index] = descriptor
    }

    /// Takes over one in the place of another, which is closed, or as one more where the index is the count.
    public mutating func put(_ descriptor: consuming FileDescriptor, at index: Int) {
        if index == count { append(descriptor) } else { replace(index, with: descriptor) }
    }

    /// Hands over the first; the others move up.
    public mutating func removeFirst() -> FileDescriptor {
        precondition(count > 0)
        count -= 1
        let first = unsafe storage.move()
        unsafe storage.moveInitialize(from: storage + 1, count: count)
        return first
    }

    /// Lends one.
    public subscript(index: Int) -> FileDescriptor {
        _read {
            precondition(index >= 0 && index < count)
            yield unsafe storage[index]
        }
    }
}
