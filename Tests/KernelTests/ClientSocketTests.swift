import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct ClientSocketTests {
    @Test func `a listener on IPv4 is connected to`() throws {
        let listener = try Listener(on: .ipv4(text: "127.0.0.1", port: 0))
        try expectConnection(to: .ipv4(text: "127.0.0.1", port: try port(of: listener)), listener)
    }

    @Test func `any address is this machine`() throws {
        let listener = try Listener(on: .any(port: 0))
        try expectConnection(to: .any(port: try port(of: listener)), listener)
    }

    @Test func `an unspecified address is this machine`() throws {
        let listener = try Listener(on: .ipv4(text: "0.0.0.0", port: 0))
        try expectConnection(to: .ipv4(text: "0.0.0.0", port: try port(of: listener)), listener)
    }

    @Test func `a listener on a path is connected to`() throws {
        try withTemporaryDirectory { directory in
            let address = SocketAddress.unix(path: directory + "/socket", mode: nil)
            try expectConnection(to: address, try Listener(on: address))
        }
    }

    @Test func `a port on which nobody listens refuses`() throws {
        let port = try port(of: try Listener(on: .ipv4(text: "127.0.0.1", port: 0)))
        do throws(SystemError) {
            let client = try FileDescriptor.connecting(to: .ipv4(text: "127.0.0.1", port: port))
            let failure = try client.connectionFailure()
            #expect(failure == .connectionRefused)
        } catch {
            #expect(error.code == .connectionRefused)
        }
    }

    @Test func `a path that is not there is not found`() throws {
        try withTemporaryDirectory { directory in
            do throws(SystemError) {
                _ = try FileDescriptor.connecting(to: .unix(path: directory + "/socket", mode: nil))
                Issue.record("connected")
            } catch {
                #expect(error.code == .notFound)
            }
        }
    }

    private func expectConnection(to address: SocketAddress, _ listener: borrowing Listener) throws {
        let client = try FileDescriptor.connecting(to: address)
        try waitUntilReady(client, .writable)
        let failure = try client.connectionFailure()
        #expect(failure == nil)
        let accepted = try acceptWhenReady(listener).takeSocket()
        let greeting = Array("hello".utf8)
        let sent = accepted.send(greeting.span, greeting.span.extracting(0..<0))
        #expect(sent == .bytes(5))
        try waitUntilReady(client, .readable)
        var received: [UInt8] = []
        received.append(addingCapacity: 16) { output in _ = client.receive(into: &output) }
        #expect(received == greeting)
    }
}
