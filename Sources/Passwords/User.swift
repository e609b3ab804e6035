/// Somebody who may log in: a name and the hash of a password. What is shown of it is the name alone.
public struct User: Equatable, Sendable, CustomStringConvertible {
    /// It may be empty.
    public let name: String
    /// The hash that the password must have.
    public let hash: BcryptHash

    /// Puts the two together.
    public init(name: String, hash: BcryptHash) {
        self.name = name
        self.hash = hash
    }

    /// Whether this is the user's name. Looks at all bytes of a name of the same length, whatever differs, so that the time does
    /// not tell how much of a name is right.
    public func isNamed(_ other: Span<UInt8>) -> Bool {
        guard name.utf8.count == other.count else { return false }
        var difference: UInt8 = 0
        var position = 0
        for byte in name.utf8 {
            difference |= byte ^ other[position]
            position += 1
        }
        return difference == 0
    }

    /// The name.
    public var description: String { name }
}
