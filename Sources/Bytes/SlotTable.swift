/// A place in a `SlotTable`, and which of the elements that have been there is meant.
public struct Slot: Sendable, Equatable {
    /// Below the table's capacity.
    public let index: Int
    /// Goes up each time that the place is filled or freed: odd for each element, and 1 for the first one there.
    public let generation: UInt32

    /// The place and the generation of an element.
    @inlinable
    public init(index: Int, generation: UInt32) {
        self.index = index
        self.generation = generation
    }
}

/// A fixed number of places for elements that come and go, such as connections and rows of series.
///
/// All memory is allocated when the table is made, and nothing later. A slot whose element was removed finds nothing, whoever
/// has its place now. A new element takes the lowest free place: then those that are there lie close together, a loop over
/// `indices` is short, and memory that was never needed is never touched.
///
/// On the heap and not an `InlineArray`, because a struct that holds a table is moved during start-up, and each move of a large
/// inline array is a copy on the stack that stays resident (measured: 800 KiB).
@safe
public struct SlotTable<Element: ~Copyable>: ~Copyable {
    /// The most elements.
    public let capacity: Int
    /// The number of elements, those included that were taken out and may be put back.
    @inlinable public var count: Int { takenCount }
    @usableFromInline var takenCount = 0
    /// Places from here on have never been filled, and their memory is not initialized.
    @usableFromInline var usedCount = 0
    @usableFromInline let elements: UnsafeMutablePointer<Element?>
    /// Of each place that was ever filled: odd while there is an element.
    @usableFromInline let generations: UnsafeMutablePointer<UInt32>
    /// A bit for each place that is free, 64 places a word.
    @usableFromInline let freeWords: UnsafeMutablePointer<UInt64>

    /// An empty table. A capacity of 0 is allowed: such a table is always full.
    @inlinable
    public init(capacity: Int) {
        precondition(capacity >= 0)
        self.capacity = capacity
        unsafe elements = UnsafeMutablePointer.allocate(capacity: capacity + 1)
        unsafe (elements + capacity).initialize(to: nil)
        unsafe generations = UnsafeMutablePointer.allocate(capacity: capacity)
        let words = (capacity + 63) / 64
        unsafe freeWords = UnsafeMutablePointer.allocate(capacity: words)
        unsafe freeWords.initialize(repeating: .max, count: words)
        if capacity % 64 > 0 { unsafe freeWords[words - 1] = 1 << UInt64(capacity % 64) - 1 }
    }

    @inlinable deinit {
        unsafe elements.deinitialize(count: usedCount)
        unsafe (elements + capacity).deinitialize(count: 1)
        unsafe elements.deallocate()
        unsafe generations.deallocate()
        unsafe freeWords.deallocate()
    }

    /// Whether there is no element.
    @inlinable public var isEmpty: Bool { count == 0 }
    /// Whether there is no free place.
    @inlinable public var isFull: Bool { count == capacity }

    /// The places that have ever been filled, which a loop over all elements visits; some may be free.
    @inlinable public var indices: Range<Int> { 0..<usedCount }

    /// Puts an element into the lowest free place; nil if there is none, and then the element is gone.
    @inlinable
    public mutating func insert(_ element: consuming Element) -> Slot? {
        guard let index = lowestFree else { return nil }
        unsafe freeWords[index / 64] &= ~(1 << UInt64(index % 64))
        if index == usedCount {
            unsafe (elements + index).initialize(to: consume element)
            unsafe (generations + index).initialize(to: 1)
            usedCount += 1
        } else {
            unsafe elements[index] = consume element
            unsafe generations[index] &+= 1
        }
        takenCount += 1
        return slot(at: index)
    }

    /// Frees an element's place.
    ///
    /// - Returns: the element; nil if the slot is stale, or its element was taken out.
    @discardableResult
    @inlinable
    public mutating func remove(_ slot: Slot) -> Element? {
        guard contains(slot) else { return nil }
        unsafe freeWords[slot.index / 64] |= 1 << UInt64(slot.index % 64)
        unsafe generations[slot.index] &+= 1
        takenCount -= 1
        return unsafe elements[slot.index].take()
    }

    /// Whether the slot's place is still its own.
    @inlinable
    public func contains(_ slot: Slot) -> Bool {
        guard indices.contains(slot.index), unsafe generations[slot.index] == slot.generation else { return false }
        return slot.generation % 2 == 1
    }

    /// The slot of the element that is at a place; nil if the place is free.
    @inlinable
    public func slot(at index: Int) -> Slot? {
        guard indices.contains(index) else { return nil }
        let generation = unsafe generations[index]
        return generation % 2 == 1 ? Slot(index: index, generation: generation) : nil
    }

    /// The element of a slot, which may be changed in its place, or taken out and put back. A stale slot has none, and nothing is to be
    /// put into it.
    ///
    /// By address: an accessor that yields allocates wherever it is not inlined, and it is not where the use may end early.
    @inlinable
    public subscript(slot: Slot) -> Element? {
        unsafeAddress { unsafe UnsafePointer(elements + place(of: slot)) }
        unsafeMutableAddress { unsafe elements + place(of: slot) }
    }

    /// The element at one of `indices`; nil if the place is free, which must then be left so.
    @inlinable
    public subscript(index index: Int) -> Element? {
        unsafeAddress {
            precondition(indices.contains(index))
            return unsafe UnsafePointer(elements + index)
        }
        unsafeMutableAddress {
            precondition(indices.contains(index))
            return unsafe elements + index
        }
    }

    /// A stale slot's is the one beyond all others, which is empty, whatever was put into it before.
    @inlinable
    func place(of slot: Slot) -> Int {
        guard !contains(slot) else { return slot.index }
        unsafe elements[capacity] = nil
        return capacity
    }

    @inlinable var lowestFree: Int? {
        guard !isFull else { return nil }
        var word = 0
        while unsafe freeWords[word] == 0 { word += 1 }
        return word * 64 + (unsafe freeWords[word].trailingZeroBitCount)
    }
}
