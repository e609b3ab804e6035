/// A bcrypt hash as `htpasswd -B` writes it: `$2y$`, two digits of cost, `$`, 22 characters of salt and 31 of digest.
///
/// Its text never shows: neither in a log nor in a message about a wrong one.
public struct BcryptHash: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// How many bytes of a password count. The algorithm cuts longer ones, here as in Go.
    public static let significantPasswordBytes = 72

    static let byteCount = 60

    /// The logarithm of the rounds to base 2, from 4 to 31. At 10 a comparison takes some 70 ms, and each step doubles it.
    public let cost: Int
    /// As many as `byteCount`, of version `2y`.
    let bytes: [UInt8]

    /// Reads a hash; nil if it is none.
    ///
    /// The versions 2, 2a, 2b, 2x and 2y are one and the same, as they are to golang.org/x/crypto/bcrypt, which decides for the
    /// other exporters of Prometheus. libxcrypt would imitate the faults of old implementations for two of them; see crypt(5).
    public init?(_ text: String) {
        let given = Array(text.utf8)
        guard let dollar = given.dropFirst(2).firstIndex(of: UInt8(ascii: "$")),
            ["$2$", "$2a$", "$2b$", "$2x$", "$2y$"].contains(String(decoding: given[...dollar], as: UTF8.self))
        else { return nil }
        let bytes = Array("$2y$".utf8) + given[(dollar + 1)...]
        guard bytes.count == BcryptHash.byteCount, bytes[6] == UInt8(ascii: "$"),
            let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)), (4...31).contains(cost),
            bytes[4..<6].allSatisfy(isDigit), bytes[7...].allSatisfy(isDigitOfBcrypt)
        else { return nil }
        self.cost = cost
        self.bytes = bytes
    }

    public var description: String { "bcrypt hash of cost \(cost)" }
    public var debugDescription: String { description }
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

/// The alphabet of bcrypt's base 64: dot, slash, letters, digits.
private func isDigitOfBcrypt(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/")
        || letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
}
