import Glibc
public import Kernel

/// The other end of a connection.
public struct Client: ~Copyable {
    /// Its own end.
    public let socket: FileDescriptor

    /// A client that is connected.
    public init(socket: consuming FileDescriptor) {
        self.socket = socket
    }

    /// Sends a text, which the socket takes at once.
    public func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = socket.send(bytes.span, bytes.span.extracting(0..<0))
    }

    /// Everything that can be received now.
    public func receiveAll() -> String {
        var text: [UInt8] = []
        while case .bytes = receive(into: &text) {}
        return String(decoding: text, as: UTF8.self)
    }

    /// What can be received now, up to a number of bytes.
    public func receive(atMost count: Int) -> String {
        var text: [UInt8] = []
        text.append(addingCapacity: count) { output in _ = socket.receive(into: &output) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether the server has closed.
    public func isClosed() -> Bool {
        var text: [UInt8] = []
        while true {
            switch receive(into: &text) {
            case .bytes: continue
            case .wouldBlock: return false
            case .endOfFile, .failed: return true
            }
        }
    }

    private func receive(into text: inout [UInt8]) -> Transfer {
        var transfer = Transfer.wouldBlock
        text.append(addingCapacity: 65_536) { output in transfer = socket.receive(into: &output) }
        return transfer
    }
}

/// A TCP connection to this machine; sends and receives never wait once it stands.
public func connectedSocket(port: UInt16) throws -> FileDescriptor {
    let descriptor = FileDescriptor(inherited: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = descriptor.withNumber { number in
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, size) }
        }
    }
    try checked("connect", result)
    return descriptor
}

/// A request that every test can send.
public let scrape = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
/// Another one.
public let healthy = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"
