import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct ListenerTests {
    private static let loopback = SocketAddress.ipv4(text: "127.0.0.1", port: 0)
    private static let loopback6 = SocketAddress.ipv6(text: "::1", port: 0)

    @Test func `a listener on port 0 names the port that it got`() throws {
        let listener = try Listener(on: Self.loopback)
        #expect(listener.name.hasPrefix("127.0.0.1:") == true)
        #expect(try port(of: listener) > 0)
    }

    @Test func `with nobody waiting there is nobody to accept`() throws {
        let listener = try Listener(on: Self.loopback)
        #expect(isWouldBlock(listener.accept()) == true)
        let client = try connectedClient(to: listener)
        let accepted = try acceptWhenReady(listener)
        #expect(isWouldBlock(listener.accept()) == true)
        #expect(send("hello", over: client) == .bytes(5))
        #expect(try receiveWhenReady(over: accepted.socket) == (.bytes(5), "hello"))
    }

    @Test func `an accepted socket does not wait, is not inherited and sends at once`() throws {
        let listener = try Listener(on: Self.loopback)
        let client = try connectedClient(to: listener)
        let accepted = try acceptWhenReady(listener)
        #expect(fcntl(accepted.socket.number, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(accepted.socket.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(try accepted.socket.option(Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
        discard(client)
    }

    @Test func `a client of IPv4 has its key at a listener for every address too`() throws {
        let peers = try [peer(at: Listener(on: Self.loopback)), peer(at: Listener(on: .any(port: 0)))]
        #expect(peers[0] == peers[1])
    }

    @Test(.enabled(if: hasIPv6))
    func `a listener for every address takes both families`() throws {
        let listener = try Listener(on: .any(port: 0))
        #expect(listener.name.hasPrefix("[::]:") == true)
        let client = try connectedClient(to: listener)
        let first = try acceptWhenReady(listener)
        let client6 = try connectedIPv6Client(to: listener)
        let second = try acceptWhenReady(listener)
        #expect(first.peer != second.peer)
        discard(client)
        discard(client6)
    }

    @Test(.enabled(if: hasIPv6))
    func `a listener on an IPv6 address is named with brackets and takes IPv6 only`() throws {
        let listener = try Listener(on: Self.loopback6)
        #expect(listener.name.hasPrefix("[::1]:") == true)
        #expect(try listener.descriptor.option(Int32(IPPROTO_IPV6), IPV6_V6ONLY) == 1)
        let client = try connectedIPv6Client(to: listener)
        let accepted = try acceptWhenReady(listener)
        #expect(send("x", over: accepted.socket) == .bytes(1))
        #expect(try receiveWhenReady(over: client) == (.bytes(1), "x"))
    }

    @Test func `a port that is in use is an error`() throws {
        let listener = try Listener(on: Self.loopback)
        let taken = SocketAddress.ipv4(text: "127.0.0.1", port: try port(of: listener))
        #expect {
            _ = try Listener(on: taken)
        } throws: { error in
            guard let error = error as? SystemError else { return false }
            return "\(error.call)" == "bind" && error.code == .addressInUse
        }
    }

    @Test func `an address of another machine is an error`() {
        #expect {
            _ = try Listener(on: .ipv4(text: "192.0.2.254", port: 0))
        } throws: { error in
            (error as? SystemError)?.code.number == EADDRNOTAVAIL
        }
    }

    @Test func `without free descriptors the connection waits and is accepted later`() throws {
        let listener = try Listener(on: Self.loopback)
        let client = try connectedClient(to: listener)
        try waitUntilReady(listener.descriptor, .readable)
        let limit = try #require(Process.descriptorLimit)
        let lowestFree = try checked("dup", dup(client.number))
        close(lowestFree)
        try setDescriptorLimit(UInt64(lowestFree))
        let code = exhaustion(listener.accept())
        try setDescriptorLimit(limit)
        #expect(code?.number == EMFILE)
        let accepted = try acceptWhenReady(listener)
        #expect(send("x", over: accepted.socket) == .bytes(1))
    }

    @Test func `a listening socket that waits is adopted and does not wait any more`() throws {
        let number = try checked("socket", socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        let inherited = FileDescriptor(inherited: number)
        try withAddress("127.0.0.1", port: 0) { try checked("bind", bind(number, $0, $1)) }
        try checked("listen", listen(number, 8))
        switch try Listener.adopt(inherited) {
        case .refused(let reason): Issue.record("refused: \(reason)")
        case .listener(let listener):
            #expect(listener.name.hasPrefix("127.0.0.1:") == true)
            #expect(isWouldBlock(listener.accept()) == true)
            let client = try connectedClient(to: listener)
            let accepted = try acceptWhenReady(listener)
            #expect(try accepted.socket.option(Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
            discard(client)
        }
    }

    @Test func `a unix socket is adopted under its path, and its clients are one`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/metrics.sock"
            let number = try checked("socket", socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
            let inherited = FileDescriptor(inherited: number)
            try withUnixAddress(path) { try checked("bind", bind(number, $0, $1)) }
            try checked("listen", listen(number, 8))
            switch try Listener.adopt(inherited) {
            case .refused(let reason): Issue.record("refused: \(reason)")
            case .listener(let listener):
                #expect(listener.name == "unix:\(path)")
                let client = try connectedUnixClient(to: path)
                let first = try acceptWhenReady(listener)
                let other = try connectedUnixClient(to: path)
                let second = try acceptWhenReady(listener)
                #expect(first.peer == second.peer)
                discard(client)
                discard(other)
            }
        }
    }

    @Test func `a datagram socket is refused`() throws {
        for family in [AF_UNIX, AF_INET] {
            let number = try checked("socket", socket(family, Int32(SOCK_DGRAM.rawValue), 0))
            #expect(try refusal(of: FileDescriptor(inherited: number)) == "it is not a stream socket")
        }
    }

    @Test func `a stream socket that does not listen is refused`() throws {
        let number = try checked("socket", socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        #expect(try refusal(of: FileDescriptor(inherited: number)) == "it does not listen")
        let reason = try FileDescriptor.connectedPair().split { first, _ in try refusal(of: first) }
        #expect(reason == "it does not listen")
    }

    @Test func `what is no socket is refused`() throws {
        #expect(try refusal(of: try FileDescriptor.open("/", O_RDONLY)) == "it is not a socket")
    }

    static var hasIPv6: Bool {
        do {
            _ = try Listener(on: loopback6)
            return true
        } catch {
            return false
        }
    }

    /// The key of a client that connects from this machine.
    private func peer(at listener: consuming Listener) throws -> PeerKey {
        let client = try connectedClient(to: listener)
        let peer = try acceptWhenReady(listener).peer
        discard(client)
        return peer
    }

    private func refusal(of descriptor: consuming FileDescriptor) throws -> String? {
        switch try Listener.adopt(descriptor) {
        case .refused(let reason): reason
        case .listener: nil
        }
    }

    private func isWouldBlock(_ outcome: consuming AcceptOutcome) -> Bool {
        switch outcome {
        case .wouldBlock: true
        default: false
        }
    }

    private func exhaustion(_ outcome: consuming AcceptOutcome) -> ErrorCode? {
        switch outcome {
        case .exhausted(let code): code
        default: nil
        }
    }
}
