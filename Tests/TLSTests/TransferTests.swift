import Glibc
import Kernel
import TLS
import TestSupport
import Testing

@Suite struct TransferTests {
    let setup: ServerSetup

    init() throws {
        setup = try Authorities.shared.get().setup()
    }

    @Test(arguments: [("head", "body"), ("head", ""), ("", "body"), ("h", String(repeating: "b", count: 16_383))])
    func `two pieces that fit are one record`(first: String, second: String) throws {
        var pair = try Pair.established(try TLSContext(setup))
        #expect(pair.send(first, second) == .bytes(first.utf8.count + second.utf8.count))
        #expect(pair.client.readRecord().bytes == Array((first + second).utf8))
    }

    @Test func `nothing is sent at once`() throws {
        var pair = try Pair.established(try TLSContext(setup))
        #expect(pair.send("", "") == .bytes(0))
        #expect(pair.client.read() == ([], .waits))
    }

    @Test(arguments: [(100, 40_000), (40_000, 100), (20_000, 20_000), (16_384, 16_384), (0, 40_000), (40_000, 0)])
    func `long pieces are as few records as can be`(first: Int, second: Int) throws {
        var pair = try Pair.established(try TLSContext(setup))
        let bytes = noise(first + second)
        #expect(pair.send(Array(bytes[..<first]), Array(bytes[first...])) == .bytes(bytes.count))
        var received: [UInt8] = []
        var lengths: [Int] = []
        while received.count < bytes.count {
            let (record, outcome) = pair.client.readRecord()
            guard outcome == .done else { break }
            received += record
            lengths.append(record.count)
        }
        #expect(received == bytes)
        #expect(lengths.dropLast().allSatisfy { $0 == 16_384 })
    }

    /// What is not taken comes again from another place and in other pieces, as it does from a connection's own buffer.
    @Test(arguments: [12, 13] as [Int32])
    func `a peer that reads slowly gets every byte once`(version: Int32) throws {
        var pair = try Pair.established(try TLSContext(setup), .init(version: version))
        let bytes = noise(700_000)
        var random = SplitMix64(seed: UInt64(version))
        var (sent, waits) = (0, 0)
        var received: [UInt8] = []
        for _ in 0..<100_000 where sent < bytes.count {
            let middle = Int.random(in: sent...bytes.count, using: &random)
            switch pair.send(Array(bytes[sent..<middle]), Array(bytes[middle...])) {
            case .bytes(let count): sent += count
            case .wantsWrite:
                waits += 1
                received += pair.client.read(atMost: Int.random(in: 1...50_000, using: &random)).bytes
            case let other: throw Unexpected(transfer: other)
            }
        }
        received += pair.client.read().bytes
        #expect(sent == bytes.count && waits > 1)
        #expect(received == bytes)
    }

    @Test func `a peer that does not read is no reason to wait, and one record of it is kept`() throws {
        var pair = try Pair.established(try TLSContext(setup))
        let bytes = [UInt8](repeating: 7, count: 1_000_000)
        guard case .bytes(let count) = pair.send(bytes) else { throw Unexpected(transfer: .wantsWrite) }
        #expect(count < bytes.count)
        let rest = Array(bytes[count...])
        #expect(pair.send(rest) == .wantsWrite)
        #expect(pair.send(rest) == .wantsWrite)
    }

    @Test func `requests in one record come together`() throws {
        var pair = try Pair.established(try TLSContext(setup))
        pair.client.write("GET /a\r\n\r\nGET /b\r\n\r\n")
        #expect(pair.receive() == (.bytes(20), "GET /a\r\n\r\nGET /b\r\n\r\n"))
        #expect(pair.server.hasPendingBytes == false)
        #expect(pair.receive().transfer == .wantsRead)
    }

    @Test func `records that came together are received together`() throws {
        var pair = try Pair.established(try TLSContext(setup))
        for text in ["one ", "two ", "three"] { pair.client.write(text) }
        #expect(pair.receive() == (.bytes(13), "one two three"))
        #expect(pair.server.hasPendingBytes == false)
    }

    /// The kernel has given everything, so epoll would not call again.
    @Test(arguments: [12, 13] as [Int32])
    func `what does not fit is pending`(version: Int32) throws {
        var pair = try Pair.established(try TLSContext(setup), .init(version: version))
        pair.client.write("question")
        pair.client.write("another")
        #expect(pair.receive(atMost: 5) == (.bytes(5), "quest"))
        #expect(pair.server.hasPendingBytes == true)
        #expect(pair.receive(atMost: 3) == (.bytes(3), "ion"))
        #expect(pair.server.hasPendingBytes == true)
        #expect(pair.receive(atMost: 7) == (.bytes(7), "another"))
        #expect(pair.server.hasPendingBytes == false)
    }

    @Test func `a part of a record is not pending, or the loop would spin`() throws {
        var relay = try Relay.established(try TLSContext(setup))
        let record = relay.record("question")
        for byte in record.dropLast() {
            relay.deliver([byte])
            #expect(relay.receive() == .wantsRead)
            #expect(relay.hasPendingBytes == false)
        }
        relay.deliver(record.suffix(1))
        #expect(relay.receive() == .bytes(8))
    }

    @Test func `a request that comes with the end of the handshake is pending`() throws {
        var pair = try Pair.connect(try TLSContext(setup), .init(version: 13))
        #expect(pair.client.handshake() == .waits)
        #expect(pair.server.handshake() == .wantsRead)
        #expect(pair.client.handshake() == .done)
        pair.client.write("question")
        #expect(pair.server.handshake() == .done)
        #expect(pair.server.hasPendingBytes == true)
        #expect(pair.receive() == (.bytes(8), "question"))
    }

    @Test(arguments: [12, 13] as [Int32])
    func `a peer that says it closes is at its end, after what it sent`(version: Int32) throws {
        var pair = try Pair.established(try TLSContext(setup), .init(version: version))
        pair.client.write("question")
        pair.client.close()
        #expect(pair.receive() == (.bytes(8), "question"))
        #expect(pair.receive().transfer == .endOfFile)
        #expect(pair.receive().transfer == .endOfFile)
        #expect(pair.send("answer") == .bytes(6))
    }

    /// Nothing but the socket's own end follows, and epoll may have told of that already.
    @Test func `an end that was read together with bytes is pending`() throws {
        var pair = try Pair.established(try TLSContext(setup))
        pair.client.write("a")
        pair.client.write("b")
        pair.client.close()
        #expect(pair.receive() == (.bytes(2), "ab"))
        #expect(pair.server.hasPendingBytes == true)
        #expect(pair.receive().transfer == .endOfFile)
        #expect(pair.server.hasPendingBytes == false)
    }

    @Test func `a peer that closes without a word is at its end`() throws {
        var pair = try Pair.established(try TLSContext(setup))
        #expect(pair.client.socket.finishSending() == true)
        #expect(pair.receive().transfer == .endOfFile)
    }

    @Test func `a peer that has gone raises no signal`() throws {
        var pair = try Pair.established(try TLSContext(setup))
        pair.client.socket.withNumber { _ = shutdown($0, Int32(SHUT_RDWR)) }
        let former = signal(SIGPIPE, SIG_DFL)
        let transfer = pair.send("answer")
        _ = signal(SIGPIPE, former)
        #expect(failureKind(transfer) == .peerLeft)
        #expect(pair.send("answer") == transfer)
        #expect(pair.receive().transfer == transfer)
    }

    @Test(arguments: [12, 13] as [Int32])
    func `a session that closes says so`(version: Int32) throws {
        var pair = try Pair.established(try TLSContext(setup), .init(version: version))
        #expect(pair.send("answer") == .bytes(6))
        pair.server.close()
        pair.server.close()
        #expect(pair.client.read() == (Array("answer".utf8), .closed))
        #expect(failureKind(pair.send("more")) == .other)
    }

    @Test func `a session that cannot send closes without waiting`() throws {
        var pair = try Pair.established(try TLSContext(setup))
        _ = pair.send([UInt8](repeating: 7, count: 1_000_000))
        pair.server.close()
        #expect(pair.client.read().outcome == .waits)
    }

    @Test func `renegotiation is refused`() throws {
        var pair = try Pair.established(try TLSContext(setup), .init(version: 12))
        #expect(pair.client.renegotiate() == .waits)
        _ = pair.receive()
        #expect(pair.client.handshake() != .done)
        #expect(pair.client.alert == 100)
    }

    @Test func `keys may be changed on the way`() throws {
        var pair = try Pair.established(try TLSContext(setup), .init(version: 13))
        for round in 0..<3 {
            #expect(pair.client.updateKeys(asksServer: round > 0) == true)
            pair.client.write("question")
            #expect(pair.receive() == (.bytes(8), "question"))
            #expect(pair.send("answer") == .bytes(6))
            #expect(pair.client.readText() == "answer")
        }
    }

    /// A client could keep the server reading with records that hold nothing.
    @Test func `records without content end the session when they are many`() throws {
        var relay = try Relay.established(try TLSContext(setup), .init(version: 13))
        let updates = relay.keyUpdates(TLSSession.mostEmptyRecords + 1)
        relay.deliver(updates + relay.record("question"))
        #expect(failureKind(relay.receive()) == .other)
    }

    /// What is here is not known to be empty before it is read, and a step that reads it all took a tenth of a second.
    @Test func `one step takes a small part of a flood, and the flood's end`() throws {
        var relay = try Relay.established(try TLSContext(setup), .init(version: 13))
        let updates = relay.keyUpdates(4_000)
        relay.deliver(updates)
        #expect(failureKind(relay.receive()) == .other)
        let taken = updates.count - relay.unreadCount
        #expect((1...4096).contains(taken), "of \(updates.count)")
    }

    @Test func `a client that changes its keys before each of many requests is served`() throws {
        var relay = try Relay.established(try TLSContext(setup), .init(version: 13))
        for _ in 0..<TLSSession.mostEmptyRecords * 3 {
            relay.deliver(relay.keyUpdates(1))
            #expect(relay.receive() == .wantsRead)
            relay.deliver(relay.record("question"))
            #expect(relay.receive() == .bytes(8))
            #expect(relay.send("answer") == .bytes(6))
        }
    }

    @Test(arguments: [12, 13] as [Int32])
    func `a request in many small records is no flood`(version: Int32) throws {
        var relay = try Relay.established(try TLSContext(setup), .init(version: version))
        for _ in 0..<TLSSession.mostEmptyRecords * 3 {
            let record = relay.record("x")
            // The record's head comes alone.
            relay.deliver(record.prefix(5))
            #expect(relay.receive() == .wantsRead)
            relay.deliver(record.dropFirst(5))
            #expect(relay.receive() == .bytes(1))
        }
    }

    @Test func `a record that was changed on the way ends the session`() throws {
        var relay = try Relay.established(try TLSContext(setup))
        var record = relay.record("question")
        record[record.count - 1] ^= 1
        relay.deliver(record)
        let transfer = relay.receive()
        #expect(failureKind(transfer) == .other)
        #expect(relay.receive() == transfer)
    }

    private func noise(_ count: Int) -> [UInt8] {
        var random = SplitMix64(seed: 7)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}

struct Unexpected: Error {
    let transfer: TLSTransfer
}
