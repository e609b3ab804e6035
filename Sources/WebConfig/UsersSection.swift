import Passwords

/// Reads `basic_auth_users`.
enum UsersSection {
    /// A check at this cost takes about 18 s, which helps nobody; each more doubles it, to 40 hours at 31.
    private static let greatestCost = 18
    private static let longestNameBytes = 255

    static func users(_ node: YAMLNode, line: Int) throws(WebConfigurationError) -> [User] {
        let entries = try Section.mapping(node, name: "basic_auth_users", line: line)
        guard entries.count <= WebConfiguration.mostUsers else {
            throw WebConfigurationError(
                line: line, "basic_auth_users: allowed are at most \(WebConfiguration.mostUsers) users")
        }
        var users: [User] = []
        for entry in entries { users.append(try user(entry)) }
        return users
    }

    private static func user(_ entry: YAMLNode.Entry) throws(WebConfigurationError) -> User {
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
        guard case .scalar(let scalar) = entry.value.content, let hash = BcryptHash(scalar.text) else {
            throw failure("has no bcrypt hash; allowed is what 'htpasswd -nBC 10 NAME' prints after 'NAME:'")
        }
        guard hash.cost <= greatestCost else {
            throw failure(
                "has a hash of cost \(hash.cost), for which one check takes minutes; "
                    + "allowed are \(BcryptHash.costs.lowerBound) to \(greatestCost)")
        }
        return User(name: entry.key, hash: hash)
    }
}
