/// A fixed number of places, each for an open descriptor or for none; all that are open are closed when the places go.
///
/// On the heap, so that moving the owner moves one pointer.
@safe
public struct DescriptorSlots: ~Copyable {
    /// How many places there are.
    public let capacity: Int
    /// How many are open.
    public private(set) var openCount = 0
    private let storage: UnsafeMutablePointer<FileDescriptor?>

    /// Places for so many; none is open at first.
    public init(capacity: Int) {
        precondition(capacity >= 0)
        self.capacity = capacity
        unsafe storage = UnsafeMutablePointer.allocate(capacity: capacity)
        for index in 0..<capacity { unsafe (storage + index).initialize(to: nil) }
    }

    deinit {
        unsafe storage.deinitialize(count: capacity)
        unsafe storage.deallocate()
    }

    /// Takes over a descriptor; what was in its place is closed.
    public mutating func put(_ descriptor: consuming FileDescriptor, at index: Int) {
        close(at: index)
        unsafe storage[index] = consume descriptor
        openCount += 1
    }

    /// Closes what is in a place; nothing if it is empty.
    public mutating func close(at index: Int) {
        precondition(index >= 0 && index < capacity)
        guard unsafe storage[index] != nil else { return }
        unsafe storage[index] = nil
        openCount -= 1
    }

    /// Whether a place has a descriptor.
    public func isOpen(_ index: Int) -> Bool {
        precondition(index >= 0 && index < capacity)
        return unsafe storage[index] != nil
    }

    /// Lends what is in a place; nil if it is empty.
    public func withOpen<Result>(_ index: Int, _ body: (borrowing FileDescriptor) -> Result) -> Result? {
        precondition(index >= 0 && index < capacity)
        switch unsafe storage[index] {
        case .some(let descriptor): return body(descriptor)
        case .none: return nil
        }
    }

    /// Reads what is in a place from the beginning of its file; nil if it is empty. See pread(2).
    public func read(_ index: Int, into output: inout OutputSpan<UInt8>) -> ReadOutcome? {
        precondition(index >= 0 && index < capacity)
        switch unsafe storage[index] {
        case .some(let descriptor): return descriptor.read(at: 0, into: &output)
        case .none: return nil
        }
    }
}
