import Glibc
import Kernel
import TLS
import TestSupport

/// A client and a server with the test in between, which passes on of their bytes what it likes.
struct Relay: ~Copyable {
    private var serverEnd: ServerEnd
    private let clientEnd: ClientEnd

    init(_ context: borrowing TLSContext, _ options: Client.Options = Client.Options()) throws {
        let serverEnd = try FileDescriptor.connectedPair().split { mine, peers in
            ServerEnd(session: try context.accept(on: peers), socket: peers, relay: mine)
        }
        let clientEnd = try FileDescriptor.connectedPair().split { mine, peers in
            ClientEnd(client: try Client(options, Authorities.shared.get(), on: peers, resuming: .none), relay: mine)
        }
        self.serverEnd = serverEnd
        self.clientEnd = clientEnd
    }

    /// Connects and lets both do their handshake.
    static func established(_ context: borrowing TLSContext, _ options: Client.Options = Client.Options()) throws
        -> Relay
    {
        var relay = try Relay(context, options)
        for _ in 0..<4 {
            relay.deliver(relay.hello())
            _ = relay.handshake()
            relay.answer()
        }
        return relay
    }

    /// What the client sends next in its handshake.
    borrowing func hello() -> [UInt8] {
        _ = clientEnd.client.handshake()
        return takeFromClient()
    }

    /// What the client sends for this.
    borrowing func record(_ text: String) -> [UInt8] {
        clientEnd.client.write(text)
        return takeFromClient()
    }

    /// What the client sends to change its keys so many times.
    borrowing func keyUpdates(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<count where clientEnd.client.updateKeys(asksServer: false) { bytes += takeFromClient() }
        return bytes
    }

    private borrowing func takeFromClient() -> [UInt8] { Relay.takeAll(clientEnd.relay) }

    /// Gives bytes to the server; all of them must fit.
    borrowing func deliver(_ bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty else { return }
        let bytes = Array(bytes)
        let transfer = serverEnd.relay.send(bytes.span, bytes.span.extracting(0..<0))
        precondition(transfer == .bytes(bytes.count))
    }

    /// Passes on what the server has sent.
    borrowing func answer() {
        let bytes = takeFromServer()
        guard !bytes.isEmpty else { return }
        _ = clientEnd.relay.send(bytes.span, bytes.span.extracting(0..<0))
    }

    borrowing func takeFromServer() -> [UInt8] { Relay.takeAll(serverEnd.relay) }

    /// The client closes the connection, as the server sees it.
    borrowing func hangUp() { _ = serverEnd.relay.finishSending() }

    mutating func handshake() -> TLSStep { serverEnd.session.handshake() }

    mutating func receive() -> TLSTransfer {
        var bytes: [UInt8] = []
        var transfer = TLSTransfer.wantsRead
        bytes.append(addingCapacity: 32_768) { output in transfer = serverEnd.session.receive(into: &output) }
        return transfer
    }

    mutating func send(_ text: String) -> TLSTransfer {
        let bytes = Array(text.utf8)
        return serverEnd.session.send(bytes.span, bytes.span.extracting(0..<0))
    }

    /// What was delivered and the server has not taken from its socket.
    var unreadCount: Int {
        borrowing get {
            var count: Int32 = 0
            serverEnd.socket.withNumber { _ = ioctl($0, UInt(FIONREAD), &count) }
            return Int(count)
        }
    }

    var hasPendingBytes: Bool { serverEnd.session.hasPendingBytes }

    private static func takeAll(_ socket: borrowing FileDescriptor) -> [UInt8] {
        var bytes: [UInt8] = []
        var transfer = Transfer.bytes(0)
        while case .bytes = transfer {
            bytes.append(addingCapacity: 65_536) { output in transfer = socket.receive(into: &output) }
        }
        return bytes
    }

    private struct ServerEnd: ~Copyable {
        var session: TLSSession
        let socket: FileDescriptor
        let relay: FileDescriptor
    }

    private struct ClientEnd: ~Copyable {
        let client: Client
        let relay: FileDescriptor
    }
}
