import Glibc
import TestSupport
import Testing

@testable import Kernel

/// A connection that was accepted, and whose it is.
struct Accepted: ~Copyable {
    let socket: FileDescriptor
    let peer: PeerKey

    consuming func takeSocket() -> FileDescriptor { socket }
}

/// Accepts the next connection once it is there: loopback may take a moment.
func acceptWhenReady(_ listener: borrowing Listener) throws -> Accepted {
    try waitUntilReady(listener.descriptor, .readable)
    switch listener.accept() {
    case .accepted(let socket, let peer): return Accepted(socket: socket, peer: peer)
    default: throw SystemCallFailure(call: "accept")
    }
}

/// The port that the kernel chose, as the listener's name tells it.
func port(of listener: borrowing Listener) throws -> UInt16 {
    let digits = try #require(listener.name.split(separator: ":").last)
    return try #require(UInt16(digits))
}

/// Connects to a listener on IPv4's loopback, from one of its addresses.
func connectedClient(to listener: borrowing Listener, from source: String = "127.0.0.1") throws -> FileDescriptor {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let number = try checked("socket", socket(AF_INET, type, 0))
    let descriptor = FileDescriptor(inherited: number)
    try withAddress(source, port: 0) { try checked("bind", bind(number, $0, $1)) }
    try withAddress("127.0.0.1", port: try port(of: listener)) { try checked("connect", connect(number, $0, $1)) }
    return descriptor
}

/// Connects to a listener on IPv6's loopback.
func connectedIPv6Client(to listener: borrowing Listener) throws -> FileDescriptor {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let number = try checked("socket", socket(AF_INET6, type, 0))
    let descriptor = FileDescriptor(inherited: number)
    try withIPv6Address("::1", port: try port(of: listener)) { try checked("connect", connect(number, $0, $1)) }
    return descriptor
}

/// Connects to a unix socket by its path.
func connectedUnixClient(to path: String) throws -> FileDescriptor {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let number = try checked("socket", socket(AF_UNIX, type, 0))
    let descriptor = FileDescriptor(inherited: number)
    try withUnixAddress(path) { try checked("connect", connect(number, $0, $1)) }
    return descriptor
}

@discardableResult
func withUnixAddress<Value>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value
) throws -> Value {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    try #require(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return try withGenericAddress(of: &address, body)
}

@discardableResult
func withAddress<Value>(
    _ text: String, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value
) throws -> Value {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    try #require(inet_pton(AF_INET, text, &address.sin_addr) == 1)
    return try withGenericAddress(of: &address, body)
}

@discardableResult
func withIPv6Address<Value>(
    _ text: String, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value
) throws -> Value {
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    try #require(inet_pton(AF_INET6, text, &address.sin6_addr) == 1)
    return try withGenericAddress(of: &address, body)
}

private func withGenericAddress<Address, Value>(
    of address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value
) throws -> Value {
    try withUnsafePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            try body($0, socklen_t(MemoryLayout<Address>.size))
        }
    }
}
