import Kernel
import TLS
import TestSupport

/// A server's session and a client over a socket pair, both in this process: nothing runs but what a test steps.
struct Pair: ~Copyable {
    var server: TLSSession
    let client: Client
    let socket: FileDescriptor

    static func connect(
        _ context: borrowing TLSContext, _ options: Client.Options = Client.Options(),
        resuming ticket: borrowing Ticket = .none
    ) throws -> Pair {
        try FileDescriptor.connectedPair().split { mine, peers in
            let client = try Client(options, Authorities.shared.get(), on: peers, resuming: ticket)
            return Pair(server: try context.accept(on: mine), client: client, socket: mine)
        }
    }

    /// Connects and lets both do their handshake, which must succeed.
    static func established(
        _ context: borrowing TLSContext, _ options: Client.Options = Client.Options(),
        resuming ticket: borrowing Ticket = .none
    ) throws -> Pair {
        var pair = try connect(context, options, resuming: ticket)
        let (step, outcome) = pair.shake()
        guard step == .done, outcome == .done else { throw HandshakeFailure(server: step, client: outcome) }
        return pair
    }

    /// Steps both until both have come to an end or nothing moves any more.
    mutating func shake() -> (server: TLSStep, client: Client.Outcome) {
        var step = TLSStep.wantsRead
        var outcome = Client.Outcome.waits
        for _ in 0..<10 {
            if outcome == .waits { outcome = client.handshake() }
            if step == .wantsRead { step = server.handshake() }
        }
        return (step, outcome)
    }

    /// One call of `receive`.
    mutating func receive(atMost limit: Int = 32_768) -> (transfer: TLSTransfer, text: String) {
        var bytes: [UInt8] = []
        var transfer = TLSTransfer.wantsRead
        bytes.append(addingCapacity: limit) { output in transfer = server.receive(into: &output) }
        return (transfer, String(decoding: bytes, as: UTF8.self))
    }

    mutating func send(_ first: [UInt8], _ second: [UInt8] = []) -> TLSTransfer {
        server.send(first.span, second.span)
    }

    mutating func send(_ first: String, _ second: String = "") -> TLSTransfer {
        send(Array(first.utf8), Array(second.utf8))
    }
}

struct HandshakeFailure: Error {
    let server: TLSStep
    let client: Client.Outcome
}
