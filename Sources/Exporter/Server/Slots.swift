/// A fixed number of places for owners, allocated once.
///
/// On the heap and not an `InlineArray`, because the server that holds the table is moved during start-up, and each move of a
/// large inline array is a copy on the stack that stays resident (measured: 800 KiB).
@safe
struct Slots<Element: ~Copyable>: ~Copyable {
    let count: Int
    private let storage: UnsafeMutablePointer<Element?>

    /// All places are empty at first.
    init(count: Int) {
        precondition(count > 0)
        self.count = count
        unsafe storage = UnsafeMutablePointer.allocate(capacity: count)
        for index in 0..<count { unsafe (storage + index).initialize(to: nil) }
    }

    deinit {
        unsafe storage.deinitialize(count: count)
        unsafe storage.deallocate()
    }

    subscript(index: Int) -> Element? {
        _read {
            precondition(index >= 0 && index < count)
            yield unsafe storage[index]
        }
        _modify {
            precondition(index >= 0 && index < count)
            yield unsafe &storage[index]
        }
    }
}
