import CLinux
import Glibc

/// Where a listener waits: an IP address and a port, or a port on every address.
public enum SocketAddress: Equatable, Sendable, CustomStringConvertible {
    case any(port: UInt16)
    case ipv4(text: String, port: UInt16)
    case ipv6(text: String, port: UInt16)

    /// Reads `:9091`, `127.0.0.1:9091` or `[::1]:9091`; nil if it is none of them.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            text[text.index(after: colon)...].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { return nil }
        let host = text[..<colon]
        if host.isEmpty {
            self = .any(port: port)
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

    public var description: String {
        switch self {
        case .any(let port): ":\(port)"
        case .ipv4(let text, let port): "\(text):\(port)"
        case .ipv6(let text, let port): "[\(text)]:\(port)"
        }
    }
}

/// Who is at the other end, reduced to what fair sharing needs: connections with equal keys come from one client.
public struct PeerKey: Equatable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// An IPv4 address, an IPv6 network of 64 bits (one host can take any address in it), or all of a unix socket's clients.
    init(_ address: sockaddr_storage) {
        self = unsafe withUnsafeBytes(of: address) { bytes in
            switch Int32(address.ss_family) {
            case AF_INET:
                let offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 0
                return unsafe PeerKey(
                    high: 4, low: UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            case AF_INET6:
                let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 0
                let network = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                // An IPv4 client of a dual-stack listener is ::ffff:a.b.c.d: its network is zero, its host part tells.
                let host = unsafe bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
                return PeerKey(high: network == 0 ? host : 6, low: network)
            default:
                return PeerKey(high: 0, low: 0)
            }
        }
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
