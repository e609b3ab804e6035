import Glibc
import Passwords

@testable import Kernel
@testable import Serving

/// The value of an Authorization header.
func basic(_ user: String, _ password: String) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let bytes = Array("\(user):\(password)".utf8)
    var value = Array("Basic ".utf8)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for digit in 0..<4 {
            value.append(digit <= group.count ? digits[word >> (18 - 6 * digit) & 63] : UInt8(ascii: "="))
        }
    }
    return value
}

/// A client by number.
func peer(_ number: UInt32) -> PeerKey {
    var address = sockaddr_storage()
    withUnsafeMutableBytes(of: &address) { bytes in
        bytes.withMemoryRebound(to: sockaddr_in.self) { $0[0].sin_addr.s_addr = number.bigEndian }
    }
    address.ss_family = sa_family_t(AF_INET)
    return PeerKey(address)
}

func connection(_ slot: Int, generation: UInt32 = 1) -> Token {
    Token(.connection, slot: slot, generation: generation)
}

/// A tag that no other number has.
func tag(_ number: Int) -> CredentialTag {
    let user = Array("\(number)".utf8)
    return oneCache.tag(user: user.span, password: user.span)
}

private let oneCache = CredentialCache()

extension WaitingTokens {
    /// The slots, in order.
    var slots: [Int] { (0..<count).map { self[$0].slot } }
}
