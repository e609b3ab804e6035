import CLinux
import Glibc
import TestSupport
import Testing

@testable import Kernel

/// What the kernel really keeps for clients that take nothing, or send what nobody takes.
@Suite struct KeptBytesTests {
    enum Way: CaseIterable {
        case ipv4, ipv6, both, unix
    }

    private static let buffers = [
        SocketBuffers(connections: 272, pageBytes: 1 << 20, memoryBytes: 64 << 20),
        SocketBuffers(connections: 272, pageBytes: 16_000, memoryBytes: 64 << 20), .smallest,
        SocketBuffers(connections: 16, pageBytes: 40_000, memoryBytes: 64 << 20),
    ]

    @Test(arguments: Way.allCases)
    func `an accepted socket has the limits of its listener`(way: Way) throws {
        guard way == .ipv4 || way == .unix || ListenerTests.hasIPv6 else { return }
        for buffers in KeptBytesTests.buffers {
            try withConnection(way, buffers) { server, _ in
                let sending = try server.option(SOL_SOCKET, SO_SNDBUF)
                let receiving = try server.option(SOL_SOCKET, SO_RCVBUF)
                #expect(sending == Int32(buffers.sendBytes * 2))
                #expect(way == .unix || receiving == Int32(buffers.receiveBytes * 2))
            }
        }
    }

    /// Answers of any length, one by one, to a client that never reads: TCP once appended short ones to a packet that waits, up to 64 KiB.
    @Test(arguments: Way.allCases, [1, 300, 5000, 16_000, 27_000, 200_000])
    func `what is sent to a client that never reads keeps its limit`(way: Way, length: Int) throws {
        guard way == .ipv4 || way == .unix || ListenerTests.hasIPv6 else { return }
        let bytes = [UInt8](repeating: 0x78, count: length)
        for buffers in KeptBytesTests.buffers {
            try withConnection(way, buffers) { server, _ in
                var taken = 0
                while taken < 64 << 20,
                    case .bytes(let count) = server.send(
                        bytes.span.extracting(0..<length / 3), bytes.span.extracting(length / 3..<length),
                        pieceBytes: buffers.sendBytes)
                {
                    taken += count
                }
                #expect(taken < 64 << 20)
                let held = try kept(server).sending
                #expect(held <= buffers.heldSendingBytes)
            }
        }
    }

    /// The client takes the first megabyte, so that its window is a large one, and nothing after that.
    @Test(arguments: Way.allCases, [300, 5000, 11_000, 16_000, 27_000])
    func `what is sent without a copy to a client that stops reading keeps its limit`(way: Way, length: Int) throws {
        guard way == .ipv4 || way == .unix || ListenerTests.hasIPv6 else { return }
        let bytes = [UInt8](repeating: 0x78, count: length)
        let none = bytes.span.extracting(0..<0)
        for buffers in KeptBytesTests.buffers {
            var buffer = try emptyBuffer()
            try withConnection(way, buffers) { server, client in
                var taken = 0
                while taken < 64 << 20, buffer.replace(by: bytes.span, none) {
                    switch server.send(buffer, pieceBytes: buffers.sendBytes) {
                    case .bytes(let count): taken += count
                    case .wouldBlock where taken < 1 << 20: try waitUntilReady(client, .readable)
                    default: taken = .max
                    }
                    if taken < 1 << 20 { while case .bytes = receive(over: client).transfer {} }
                }
                #expect(taken == .max)
                let held = try kept(server).sending
                #expect(held <= buffers.heldZeroCopyBytes)
            }
        }
    }

    @Test(arguments: [Way.ipv4, .ipv6, .both], [1, 300, 60_000])
    func `what a client sends that nobody takes keeps its limit`(way: Way, length: Int) throws {
        guard way == .ipv4 || ListenerTests.hasIPv6 else { return }
        let bytes = [UInt8](repeating: 0x78, count: length)
        for buffers in KeptBytesTests.buffers {
            try withConnection(way, buffers) { server, client in
                var sent = 0
                while sent < 64 << 20,
                    case .bytes(let count) = client.send(bytes.span, bytes.span.extracting(0..<0))
                {
                    sent += count
                }
                let held = try kept(server).receiving
                #expect(held <= buffers.heldReceivingBytes)
            }
        }
    }

    private func withConnection(
        _ way: Way, _ buffers: SocketBuffers,
        _ body: (borrowing FileDescriptor, borrowing FileDescriptor) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/socket"
            let address: SocketAddress =
                switch way {
                case .ipv4: .ipv4(text: "127.0.0.1", port: 0)
                case .ipv6: .ipv6(text: "::1", port: 0)
                case .both: .any(port: 0)
                case .unix: .unix(path: path, mode: nil)
                }
            var listener = try Listener(on: address)
            try listener.limit(buffers)
            let client =
                switch way {
                case .ipv4, .both: try connectedClient(to: listener)
                case .ipv6: try connectedIPv6Client(to: listener)
                case .unix: try connectedUnixClient(to: path)
                }
            try body(try acceptWhenReady(listener).takeSocket(), client)
        }
    }

    /// What is charged for a socket, in bytes: what it holds, and what it holds ready. See SO_MEMINFO, `struct sk_meminfo` in linux/sock_diag.h.
    private func kept(_ socket: borrowing FileDescriptor) throws -> (sending: Int, receiving: Int) {
        let memoryInformation: Int32 = 55
        var words = InlineArray<9, UInt32>(repeating: 0)
        var size = socklen_t(36)
        let result = socket.withNumber { number in
            withUnsafeMutableBytes(of: &words) {
                getsockopt(number, SOL_SOCKET, memoryInformation, $0.baseAddress, &size)
            }
        }
        try checked("getsockopt", result)
        // SK_MEMINFO_RMEM_ALLOC, WMEM_ALLOC, FWD_ALLOC, WMEM_QUEUED.
        let ready = Int(words[4])
        return (max(Int(words[2]), Int(words[5])) + ready, Int(words[0]) + ready)
    }
}
