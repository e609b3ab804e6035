/// A bcrypt hash as `htpasswd -B` writes it: `$2y$`, two digits of cost, `$`, 22 characters of salt and 31 of digest.
///
/// Of a password, 72 bytes count: the algorithm cuts longer ones, here as in Go. The text of the hash is
/// never shown: neither in a log nor in a message about a wrong one.
public struct BcryptHash: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The costs that the algorithm has.
    public static let costs = 4...31

    static let byteCount = 60

    /// The logarithm of the rounds to base 2. At 10 a comparison takes some 70 ms, and each step doubles it.
    public let cost: Int
    /// As many as `byteCount`, of version `2y`.
    let bytes: [UInt8]

    /// Reads a hash; nil if it is none, or none that can be checked here.
    ///
    /// The other exporters of Prometheus take what golang.org/x/crypto/bcrypt takes, which computes the same whatever letter
    /// stands after `$2`. Of those letters:
    /// - `a`, `b` and `y` are what programs write today. They mean the same algorithm, so all are checked as `y`: for `a`, libxcrypt
    ///   would guard against an old fault by giving some passwords another hash than Go does; see crypt(5).
    /// - `x` says that the hash was computed with the fault that crypt_blowfish had until 2011. The algorithm without the fault
    ///   does not find a password right that has bytes beyond ASCII.
    /// - No letter is the first form, which did not say what ends a password; libxcrypt does not have it.
    ///
    /// The last two, and letters that nobody has given a meaning, are none although Go takes them: a message at start is better than a
    /// right password that is called wrong.
    public init?(_ text: String) {
        var bytes = Array(text.utf8)
        guard bytes.count == BcryptHash.byteCount, ["$2a$", "$2b$", "$2y$"].contains(where: text.hasPrefix),
            bytes[6] == UInt8(ascii: "$"), bytes[4..<6].allSatisfy(isBcryptCharacter),
            bytes[7...].allSatisfy(isBcryptCharacter),
            // Of the characters above it reads digits alone.
            let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)), BcryptHash.costs.contains(cost)
        else { return nil }
        bytes[2] = UInt8(ascii: "y")
        self.cost = cost
        self.bytes = bytes
    }

    /// A hash that no password is known to have, for a user who cannot log in: checking it takes as long as any other.
    public static let ofNobody = BcryptHash(
        cost: 10, bytes: Array("$2y$10$".utf8) + [UInt8](repeating: UInt8(ascii: "."), count: 53))

    private init(cost: Int, bytes: [UInt8]) {
        self.cost = cost
        self.bytes = bytes
    }

    /// Whether the other exporters of Prometheus start with a text in a hash's place, whether or not anybody can log in by it:
    /// they ask golang.org/x/crypto/bcrypt for its cost, which looks at the length, the version and the cost alone.
    public static func hasCost(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= byteCount - 1, bytes[0] == UInt8(ascii: "$"), bytes[1] <= UInt8(ascii: "2") else {
            return false
        }
        let begin = bytes[2] == UInt8(ascii: "$") ? 3 : 4
        return Int(String(decoding: bytes[begin..<(begin + 2)], as: UTF8.self)).map(costs.contains) ?? false
    }

    /// Says of it only what it costs.
    public var description: String { "bcrypt hash of cost \(cost)" }
    /// The same.
    public var debugDescription: String { description }
}

/// The alphabet of bcrypt's base 64: dot, slash and digits, which follow each other in ASCII, and letters.
private func isBcryptCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ".")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        true
    default: false
    }
}
