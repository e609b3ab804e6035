import Synchronization

/// Lets a large struct be looked at where it lies, as a stored property of it: `private let inPlace = InPlace()`.
///
/// A method that only borrows a struct is handed a copy of all its bytes by the compiler (Swift 6.3), since a struct of plain values has
/// no address of its own: kilobytes for the look at one field. One that holds an `Atomic` has, and is handed over by that. It costs a byte
/// and no instruction.
public struct InPlace: ~Copyable, Sendable {
    private let mark = Atomic<UInt8>(0)

    /// One for one struct.
    public init() {}
}
