import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct SocketTests {
    @Test func `bytes arrive as they were sent`() throws {
        let pair = try FileDescriptor.connectedPair()
        #expect(send("hello", over: pair.first) == .bytes(5))
        #expect(receive(over: pair.second) == (.bytes(5), "hello"))
    }

    @Test func `what does not fit is received next`() throws {
        let pair = try FileDescriptor.connectedPair()
        _ = send("hello", over: pair.first)
        #expect(receive(over: pair.second, atMost: 2) == (.bytes(2), "he"))
        #expect(receive(over: pair.second, atMost: 10) == (.bytes(3), "llo"))
    }

    @Test(arguments: [
        ("head", "body", "headbody"), ("head", "", "head"), ("", "body", "body"),
    ])
    func `two pieces are sent as one`(first: String, second: String, whole: String) throws {
        let pair = try FileDescriptor.connectedPair()
        let (head, body) = (Array(first.utf8), Array(second.utf8))
        #expect(pair.first.send(head.span, body.span) == .bytes(whole.utf8.count))
        #expect(receive(over: pair.second) == (.bytes(whole.utf8.count), whole))
    }

    @Test func `nothing to receive is no reason to wait`() throws {
        let pair = try FileDescriptor.connectedPair()
        #expect(receive(over: pair.first) == (.wouldBlock, ""))
    }

    @Test func `a peer that does not read is no reason to wait`() throws {
        let pair = try FileDescriptor.connectedPair()
        let block = String(repeating: "x", count: 65_536)
        var sent = 0
        var last = Transfer.bytes(0)
        for _ in 0..<1000 {
            last = send(block, over: pair.first)
            guard case .bytes(let count) = last else { break }
            sent += count
        }
        #expect(last == .wouldBlock)
        var received = 0
        while case .bytes(let count) = receive(over: pair.second).transfer { received += count }
        #expect(received == sent)
        #expect(send("x", over: pair.first) == .bytes(1))
    }

    @Test func `the end comes after the last byte and stays`() throws {
        try FileDescriptor.connectedPair().split { mine, peers in
            _ = send("bye", over: peers)
            discard(peers)
            #expect(receive(over: mine) == (.bytes(3), "bye"))
            #expect(receive(over: mine) == (.endOfFile, ""))
            #expect(receive(over: mine) == (.endOfFile, ""))
        }
    }

    /// The process would not outlive SIGPIPE: that this test ends shows that none was raised.
    @Test func `sending to a peer that left fails and raises no signal`() throws {
        try FileDescriptor.connectedPair().split { mine, peers in
            discard(peers)
            #expect(send("x", over: mine) == .failed(ErrorCode(number: EPIPE)))
            #expect(send("x", over: mine) == .failed(ErrorCode(number: EPIPE)))
        }
    }

    @Test func `a peer that left without reading resets the connection`() throws {
        try FileDescriptor.connectedPair().split { mine, peers in
            _ = send("x", over: mine)
            discard(peers)
            #expect(receive(over: mine) == (.failed(ErrorCode(number: ECONNRESET)), ""))
        }
    }

    @Test func `after finishing, the peer sees the end and can still answer`() throws {
        let pair = try FileDescriptor.connectedPair()
        _ = send("last", over: pair.first)
        #expect(pair.first.finishSending() == true)
        #expect(receive(over: pair.second) == (.bytes(4), "last"))
        #expect(receive(over: pair.second) == (.endOfFile, ""))
        #expect(send("answer", over: pair.second) == .bytes(6))
        #expect(receive(over: pair.first) == (.bytes(6), "answer"))
        #expect(send("x", over: pair.first) == .failed(ErrorCode(number: EPIPE)))
    }

    @Test func `a close that resets drops what was not received`() throws {
        let listener = try Listener(on: .ipv4(text: "127.0.0.1", port: 0))
        let client = try connectedClient(to: listener)
        let accepted = try acceptWhenReady(listener)
        _ = send("never read", over: accepted.socket)
        accepted.socket.resetOnClose()
        discard(accepted.takeSocket())
        try waitUntilReady(client, .readable)
        // What arrived before the reset may still be there; the end is a reset and no end of file.
        var outcome = receive(over: client)
        while case .bytes = outcome.transfer { outcome = receive(over: client) }
        #expect(outcome.transfer == .failed(ErrorCode(number: ECONNRESET)))
    }

    @Test func `finishing towards a peer that reset the connection tells so`() throws {
        let listener = try Listener(on: .ipv4(text: "127.0.0.1", port: 0))
        let client = try connectedClient(to: listener)
        let accepted = try acceptWhenReady(listener)
        client.resetOnClose()
        discard(client)
        #expect(try receiveWhenReady(over: accepted.socket).transfer == .failed(ErrorCode(number: ECONNRESET)))
        #expect(accepted.socket.finishSending() == false)
    }
}
