import Glibc
import Kernel
import Systemd
import TestSupport
import Testing

@Suite struct NotifierTests {
    @Test(arguments: ["READY=1\n", "READY=1\nSTATUS=measuring 5 domains\n", "WATCHDOG=1\n", "STOPPING=1\n"])
    func `the manager gets exactly the message`(message: String) throws {
        try withTemporaryDirectory { directory in
            for path in [directory + "/notify", "@pyjoules-test-\(Process.identifier)-notify"] {
                let manager = try DatagramReceiver(at: path)
                let notifier = try Notifier(socket: path, watchdogMicroseconds: nil)
                #expect(notifier.isConnected == true)
                send(message, by: notifier)
                #expect(manager.receiveText() == message)
                #expect(manager.receiveText() == nil)
            }
        }
    }

    @Test func `without a manager nothing is sent`() throws {
        let bystander = try DatagramReceiver()
        let notifier = try Notifier(socket: nil, watchdogMicroseconds: nil)
        #expect(notifier.isConnected == false)
        send("READY=1\n", by: notifier)
        #expect(bystander.receiveText() == nil)
    }

    /// That this test ends shows that nobody waited.
    @Test func `a manager that does not read, or has left, delays nobody`() throws {
        let path = "@pyjoules-test-\(Process.identifier)-busy-manager"
        do {
            let manager = try DatagramReceiver(at: path)
            let notifier = try Notifier(socket: path, watchdogMicroseconds: nil)
            for _ in 0..<2000 { send("WATCHDOG=1\n", by: notifier) }
            #expect(manager.receiveText() == "WATCHDOG=1\n")
        }
        let notifier = try Notifier(socket: path, watchdogMicroseconds: nil)
        send("STOPPING=1\n", by: notifier)
        #expect(notifier.isConnected == true)
    }

    @Test func `the manager is given a descriptor under a name, and asked to forget it`() throws {
        let manager = try DatagramReceiver()
        let notifier = try Notifier(socket: manager.path, watchdogMicroseconds: nil)
        let memory = try SharedMemory(anonymous: "test", length: 4096)
        let isStored = notifier.store(memory.descriptor, name: "pyjoules-ledger")
        #expect(isStored)
        let stored = try #require(try manager.receiveAttached())
        #expect(stored.text == "FDSTORE=1\nFDNAME=pyjoules-ledger\n")
        let descriptor = FileDescriptor(inherited: try #require(stored.descriptor))
        #expect(try FileStatus(of: descriptor).inode == FileStatus(of: memory.descriptor).inode)
        notifier.forget(name: "pyjoules-ledger")
        let forgotten = try #require(try manager.receiveAttached())
        #expect(forgotten.text == "FDSTOREREMOVE=1\nFDNAME=pyjoules-ledger\n")
        #expect(forgotten.descriptor == nil)
    }

    @Test func `where there is no manager nothing is stored`() throws {
        let notifier = try Notifier(socket: nil, watchdogMicroseconds: nil)
        let memory = try SharedMemory(anonymous: "test", length: 4096)
        let isStored = notifier.store(memory.descriptor, name: "pyjoules-ledger")
        #expect(!isStored)
    }

    @Test(arguments: [(nil, nil), (0, 0), (1, 1000), (30_000_000, 30_000_000_000)] as [(UInt64?, UInt64?)])
    func `the watchdog's time is kept in nanoseconds`(microseconds: UInt64?, nanoseconds: UInt64?) throws {
        let notifier = try Notifier(socket: nil, watchdogMicroseconds: microseconds)
        #expect(notifier.watchdogNanoseconds == nanoseconds)
    }

    /// `WATCHDOG_USEC=18446744073709551614` in the environment once ended the process at its start.
    @Test(arguments: [UInt64.max / 1000 + 1, UInt64.max - 1, UInt64.max])
    func `a watchdog's time that is for ever stays so`(microseconds: UInt64) throws {
        let notifier = try Notifier(socket: nil, watchdogMicroseconds: microseconds)
        #expect(notifier.watchdogNanoseconds == UInt64.max)
    }

    @Test(arguments: [("20000000", 20_000_000_000), (nil, nil), ("0", nil), ("soon", nil)] as [(String?, UInt64?)])
    func `the environment names the manager and the watchdog's time`(microseconds: String?, nanoseconds: UInt64?) throws
    {
        let manager = try DatagramReceiver()
        try withEnvironment([
            "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": microseconds, "WATCHDOG_PID": "\(Process.identifier)",
        ]) {
            let notifier = try Notifier()
            send("READY=1\n", by: notifier)
            #expect(notifier.watchdogNanoseconds == nanoseconds)
        }
        #expect(manager.receiveText() == "READY=1\n")
    }

    @Test func `another process's watchdog is none of ours, and no manager is nobody to tell`() throws {
        try withEnvironment(["NOTIFY_SOCKET": nil, "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"]) {
            let notifier = try Notifier()
            #expect(notifier.watchdogNanoseconds == nil)
            #expect(notifier.isConnected == false)
        }
    }

    /// Sets variables, or removes those that are nil, and puts them back.
    private func withEnvironment(_ variables: [String: String?], _ body: () throws -> Void) throws {
        let before = variables.keys.map { ($0, Process.environment($0)) }
        for (name, value) in variables { set(name, value) }
        let outcome = Result { try body() }
        for (name, value) in before { set(name, value) }
        try outcome.get()
    }

    private func set(_ name: String, _ value: String?) {
        if let value { setenv(name, value, 1) } else { unsetenv(name) }
    }

    private func send(_ message: String, by notifier: borrowing Notifier) {
        let bytes = Array(message.utf8)
        notifier.send(bytes.span)
    }
}
