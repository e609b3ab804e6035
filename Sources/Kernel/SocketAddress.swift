import CLinux
import Glibc

/// Where a listener waits: an IP address and a port, a port on every address, a path, or a port for other virtual machines.
public enum SocketAddress: Equatable, Sendable, CustomStringConvertible {
    case any(port: UInt16)
    case ipv4(text: String, port: UInt16)
    case ipv6(text: String, port: UInt16)
    /// A socket in the file system, with permissions that are exactly `mode`, or as the umask leaves them. See unix(7).
    case unix(path: String, mode: UInt16?)
    /// A port for the host or for guests, of whatever context identifier. See vsock(7).
    case vsock(port: UInt32)

    /// The longest path of a unix socket.
    static let longestPathBytes = 107

    /// Reads `:9091`, `127.0.0.1:9091`, `localhost:9091`, which is the same, `[::1]:9091`, `unix:/path`, `unix:/path?mode=0660` or `vsock://:9091`; nil if it is none
    /// of them.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            self.init(unix: text.dropFirst("unix:".count))
        } else if text.hasPrefix("vsock://:") {
            self.init(vsock: text.dropFirst("vsock://:".count))
        } else {
            self.init(internet: text)
        }
    }

    /// An absolute path without a question mark, and after one the mode.
    private init?(unix text: Substring) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0]
        guard path.hasPrefix("/"), !path.hasSuffix("/"), path.utf8.count <= SocketAddress.longestPathBytes,
            path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        guard parts.count == 2 else {
            self = .unix(path: String(path), mode: nil)
            return
        }
        let digits = parts[1].dropFirst("mode=".count)
        guard parts[1].hasPrefix("mode="), (3...4).contains(digits.utf8.count),
            let mode = UInt16(digits: digits, radix: 8), mode <= 0o777
        else { return nil }
        self = .unix(path: String(path), mode: mode)
    }

    private init?(vsock text: Substring) {
        // The greatest number asks the kernel to choose a port.
        guard let port = UInt32(digits: text, radix: 10), port < .max else { return nil }
        self = .vsock(port: port)
    }

    private init?(internet text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(digits: text[text.index(after: colon)...], radix: 10)
        else { return nil }
        let host = text[..<colon]
        if host.isEmpty {
            self = .any(port: port)
        } else if host == "localhost" {
            // The one name that means the same everywhere; of its two addresses, the one that Go's programs take.
            self = .ipv4(text: "127.0.0.1", port: port)
        } else if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = String(host.dropFirst().dropLast())
            var binary = in6_addr()
            guard unsafe inet_pton(AF_INET6, inner, &binary) == 1 else { return nil }
            self = .ipv6(text: inner, port: port)
        } else {
            var binary = in_addr()
            guard unsafe inet_pton(AF_INET, String(host), &binary) == 1 else { return nil }
            self = .ipv4(text: String(host), port: port)
        }
    }

    /// As an option writes it.
    public var description: String {
        switch self {
        case .any(let port): ":\(port)"
        case .ipv4(let text, let port): "\(text):\(port)"
        case .ipv6(let text, let port): "[\(text)]:\(port)"
        case .unix(let path, .none): "unix:\(path)"
        case .unix(let path, .some(let mode)): "unix:\(path)?mode=\(mode < 0o100 ? "00" : "0")\(String(mode, radix: 8))"
        case .vsock(let port): "vsock://:\(port)"
        }
    }
}

extension FixedWidthInteger {
    /// The number that digits spell; nil if there is anything else, such as a sign.
    fileprivate init?(digits text: Substring, radix: Int) {
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        self.init(text, radix: radix)
    }
}

/// Who is at the other end, reduced to what fair sharing needs: connections with equal keys come from one client.
///
/// A client is an IPv4 address, however it is written (::ffff:192.0.2.1 is one), all of 127.0.0.0/8, an IPv6 network of 64 bits (one
/// host can take any address in it), a virtual machine, or all clients of unix sockets together.
public struct PeerKey: Hashable, Sendable {
    private let family: UInt64
    private let network: UInt64

    init(_ address: sockaddr_storage) {
        self = unsafe withUnsafeBytes(of: address) { bytes in
            switch Int32(address.ss_family) {
            case AF_INET:
                let offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 0
                return PeerKey(ipv4: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            case AF_INET6:
                let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 0
                let network = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let prefix = unsafe bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self)
                // What a listener for both families shows of a client of IPv4. See RFC 4291 section 2.5.5.2.
                if network == 0, UInt32(bigEndian: prefix) == 0xFFFF {
                    return PeerKey(ipv4: unsafe bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
                }
                return PeerKey(family: 6, network: network)
            case AF_VSOCK:
                let offset = MemoryLayout<sockaddr_vm>.offset(of: \.svm_cid) ?? 0
                let context = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                return PeerKey(family: 40, network: UInt64(context))
            default: return PeerKey(family: 0, network: 0)
            }
        }
    }

    private init(family: UInt64, network: UInt64) {
        self.family = family
        self.network = network
    }

    /// In network order. Of the loopback network any program of this machine can take any address.
    private init(ipv4 address: UInt32) {
        let number = UInt32(bigEndian: address)
        self.init(family: 4, network: number >> 24 == 127 ? 127 << 24 : UInt64(number))
    }
}
