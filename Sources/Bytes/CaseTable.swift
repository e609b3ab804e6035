/// A value for each case of an enum. It allocates once, when it is made.
public struct CaseTable<Key: CaseIterable & Equatable, Value> {
    /// All cases, in the order of their declaration.
    public let keys: [Key]
    @usableFromInline var values: [Value]

    /// The same value for every case.
    @inlinable
    public init(repeating value: Value) {
        keys = Array(Key.allCases)
        values = Array(repeating: value, count: keys.count)
    }

    /// The value that the closure gives for each case, asked in the order of their declaration.
    @inlinable
    public init<Failure: Error>(_ value: (Key) throws(Failure) -> Value) throws(Failure) {
        keys = Array(Key.allCases)
        values = try keys.map(value)
    }

    /// A case's value.
    @inlinable
    public subscript(key: Key) -> Value {
        _read { yield values[position(of: key)] }
        _modify { yield &values[position(of: key)] }
    }

    /// Changes the value of every case.
    @inlinable
    public mutating func changeEach(_ change: (inout Value) -> Void) {
        for index in values.indices { change(&values[index]) }
    }

    /// Enums have few cases: a look at each is as fast as a table of positions, and needs no promise about raw values.
    @inlinable
    func position(of key: Key) -> Int {
        var position = 0
        while keys[position] != key { position += 1 }
        return position
    }
}

extension CaseTable: Sendable where Key: Sendable, Value: Sendable {}
