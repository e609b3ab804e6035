import Kernel
import TestSupport
import Testing

@Suite struct DatagramSenderTests {
    @Test func `messages arrive one by one, whole and in order`() throws {
        try withTemporaryDirectory { directory in
            for path in [directory + "/socket", "@pyjoules-test-\(Process.identifier)-in-order"] {
                let receiver = try DatagramReceiver(at: path)
                let sender = try DatagramSender(to: path)
                #expect(receiver.receiveText() == nil)
                #expect(send("READY=1\nSTATUS=x\n", by: sender) == true)
                #expect(send("WATCHDOG=1\n", by: sender) == true)
                #expect(receiver.receiveText() == "READY=1\nSTATUS=x\n")
                #expect(receiver.receiveText() == "WATCHDOG=1\n")
                #expect(receiver.receiveText() == nil)
            }
        }
    }

    @Test func `a receiver that is missing loses the message, and one that comes back is found again`() throws {
        let path = "@pyjoules-test-\(Process.identifier)-come-back"
        let sender = try DatagramSender(to: path)
        #expect(send("lost", by: sender) == false)
        for _ in 1...2 {
            let receiver = try DatagramReceiver(at: path)
            #expect(send("found", by: sender) == true)
            #expect(receiver.receiveText() == "found")
        }
        #expect(send("lost", by: sender) == false)
    }

    /// That this test ends shows that the sender did not wait.
    @Test func `a full queue loses the message and delays nobody`() throws {
        let receiver = try DatagramReceiver()
        let sender = try DatagramSender(to: receiver.path)
        var delivered = 0
        while delivered < 100_000, send("message \(delivered)", by: sender) { delivered += 1 }
        #expect(delivered > 0)
        #expect(send("lost", by: sender) == false)
        #expect(receiver.receiveText() == "message 0")
        #expect(send("last", by: sender) == true)
        for index in 1..<delivered { #expect(receiver.receiveText() == "message \(index)") }
        #expect(receiver.receiveText() == "last")
    }

    @Test func `a descriptor goes along, and the sender keeps its own`() throws {
        let receiver = try DatagramReceiver()
        let sender = try DatagramSender(to: receiver.path)
        let file = try FileDescriptor.open(reading: "/proc/version")
        let message = Array("take this".utf8)
        let isSent = sender.send(message.span, attaching: file)
        #expect(isSent)
        #expect(send("and nothing", by: sender) == true)
        let first = try #require(try receiver.receiveAttached())
        #expect(first.text == "take this")
        let copy = FileDescriptor(inherited: try #require(first.descriptor))
        #expect(try FileStatus(of: copy).inode == FileStatus(of: file).inode)
        let second = try #require(try receiver.receiveAttached())
        #expect(second.text == "and nothing")
        #expect(second.descriptor == nil)
        let none = try receiver.receiveAttached()
        #expect(none == nil)
    }

    @Test func `a message that is too long is lost`() throws {
        let receiver = try DatagramReceiver()
        let sender = try DatagramSender(to: receiver.path)
        #expect(send(String(repeating: "x", count: 16_000_000), by: sender) == false)
        #expect(send(String(repeating: "x", count: 65_536), by: sender) == true)
        #expect(receiver.receive()?.count == 65_536)
    }

    @Test func `a path may have 107 bytes, as unix(7) says`() throws {
        try withTemporaryDirectory { directory in
            let longest = directory + "/" + String(repeating: "s", count: 106 - directory.utf8.count)
            let receiver = try DatagramReceiver(at: longest)
            #expect(send("x", by: try DatagramSender(to: longest)) == true)
            #expect(receiver.receiveText() == "x")
            #expect(send("x", by: try DatagramSender(to: longest + "s")) == false)
            #expect(send("x", by: try DatagramSender(to: "")) == false)
        }
    }

    private func send(_ text: String, by sender: borrowing DatagramSender) -> Bool {
        let bytes = Array(text.utf8)
        return sender.send(bytes.span)
    }
}
