/// Reads `basic_auth_users`.
enum UsersSection {
    /// A check at this cost takes about 18 s, which helps nobody; each more doubles it, to 40 hours at 31.
    private static let greatestCost = 18
    private static let longestNameBytes = 255

    static func users(_ node: YAMLNode, line: Int) throws(WebConfigurationError) -> [WebConfiguration.User] {
        let entries = try Section.mapping(node, name: "basic_auth_users", line: line)
        guard entries.count <= WebConfiguration.mostUsers else {
            throw WebConfigurationError(
                line: line, "basic_auth_users: allowed are at most \(WebConfiguration.mostUsers) users")
        }
        var users: [WebConfiguration.User] = []
        for entry in entries { users.append(try user(entry)) }
        return users
    }

    private static func user(_ entry: YAMLNode.Entry) throws(WebConfigurationError) -> WebConfiguration.User {
        func failure(_ message: String) -> WebConfigurationError {
            let name = Quoting.name(entry.key) ?? "a user"
            return WebConfigurationError(line: entry.keyLine, "basic_auth_users: \(name) \(message)")
        }
        // RFC 7617 section 2: the first colon ends the name, and control characters have no place in it.
        guard entry.key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }),
            entry.key.utf8.count <= longestNameBytes
        else {
            throw failure(
                "cannot log in by that name; allowed are at most \(longestNameBytes) bytes without ':' and control characters"
            )
        }
        guard case .scalar(let scalar) = entry.value.content, let cost = bcryptCost(scalar.text) else {
            throw failure("has no bcrypt hash; allowed is what 'htpasswd -nBC 10 NAME' prints behind the colon")
        }
        guard cost <= greatestCost else {
            throw failure(
                "has a hash of cost \(cost), for which one check takes minutes; allowed are 4 to \(greatestCost)")
        }
        return WebConfiguration.User(name: entry.key, hash: scalar.text, cost: cost)
    }

    /// The cost of a hash like `$2y$10$...`, which has 22 characters of salt and 31 of hash behind it; nil if it is none.
    private static func bcryptCost(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        let isDigit = { (byte: UInt8) in byte >= 0x30 && byte <= 0x39 }
        guard bytes.count == 60, ["$2a$", "$2b$", "$2y$"].contains(String(decoding: bytes[0..<4], as: UTF8.self)),
            isDigit(bytes[4]), isDigit(bytes[5]), bytes[6] == UInt8(ascii: "$"),
            bytes[7...].allSatisfy(isBcryptCharacter)
        else { return nil }
        let cost = Int(bytes[4] - 0x30) * 10 + Int(bytes[5] - 0x30)
        return (4...31).contains(cost) ? cost : nil
    }

    private static func isBcryptCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: ".")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
