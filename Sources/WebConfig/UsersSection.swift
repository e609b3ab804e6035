import Passwords

/// Reads `basic_auth_users`.
enum UsersSection {
    /// A check at this cost takes about 18 s, which helps nobody; each more doubles it, to 40 hours at 31.
    private static let greatestCost = 18
    private static let longestNameBytes = 255

    /// All users, and what is to be said of those who can never log in: they keep the door closed for everybody else.
    static func users(
        _ node: YAMLNode, line: Int, _ warnings: inout [WebConfigurationWarning]
    ) throws(WebConfigurationError) -> [User] {
        let entries = try Section.mapping(node, name: "basic_auth_users", line: line)
        guard entries.count <= WebConfiguration.mostUsers else {
            throw WebConfigurationError(
                line: line, "basic_auth_users: allowed are at most \(WebConfiguration.mostUsers) users")
        }
        var users: [User] = []
        for entry in entries {
            let name = Quoting.name(entry.key) ?? "a user"
            guard case .scalar(let scalar) = entry.value.content, BcryptHash.hasCost(scalar.text) else {
                throw WebConfigurationError(
                    line: entry.keyLine,
                    "basic_auth_users: \(name) has no bcrypt hash; allowed is what 'htpasswd -nBC 10 NAME' prints after 'NAME:'"
                )
            }
            let hash = BcryptHash(scalar.text)
            if let obstacle = obstacle(entry.key) ?? obstacle(hash) {
                warnings.append(
                    WebConfigurationWarning(
                        line: entry.keyLine, "basic_auth_users: \(name) can never log in, since \(obstacle)"))
                users.append(User(name: entry.key, hash: .ofNobody))
            } else if let hash {
                users.append(User(name: entry.key, hash: hash))
            }
        }
        return users
    }

    /// Why nobody can log in by a name; nil if somebody can. See RFC 7617 section 2: the first colon ends the name, and control
    /// characters have no place in it.
    private static func obstacle(_ name: String) -> String? {
        let isSpeakable =
            name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }
            && name.utf8.count <= longestNameBytes
        return isSpeakable
            ? nil : "a name has at most \(longestNameBytes) bytes, without ':' and control characters"
    }

    /// Why no password can be compared with a hash; nil if one can.
    private static func obstacle(_ hash: BcryptHash?) -> String? {
        guard let hash else { return "the hash is none that 'htpasswd -nBC 10 NAME' prints: make it anew" }
        guard hash.cost > greatestCost else { return nil }
        return "one check of a hash of cost \(hash.cost) takes minutes: make one of 10 to 12, at most \(greatestCost)"
    }
}
