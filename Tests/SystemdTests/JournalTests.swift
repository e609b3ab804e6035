import Kernel
import TestSupport
import Testing

@testable import Systemd

@Suite struct JournalTests {
    @Test func `a record is one datagram`() throws {
        let journald = try DatagramReceiver()
        let journal = try Journal(socket: journald.path)
        var record = JournalRecord()
        record.add("PRIORITY", "6")
        record.add("MESSAGE", "first\nsecond")
        #expect(journal.send(record) == true)
        #expect(journal.send(record) == true)
        #expect(journald.receive() == record.bytes)
        #expect(journald.receive() == record.bytes)
        #expect(journald.receive() == nil)
    }

    /// That this test ends shows that nobody waited.
    @Test func `a journal that takes nothing loses records and delays nobody`() throws {
        let journald = try DatagramReceiver()
        let journal = try Journal(socket: journald.path)
        var record = JournalRecord()
        record.add("MESSAGE", "x")
        var delivered = 0
        while delivered < 100_000, journal.send(record) { delivered += 1 }
        #expect(journal.send(record) == false)
        _ = journald.receive()
        #expect(journal.send(record) == true)
    }

    @Test func `a journal that is not there loses records`() throws {
        let journal = try Journal(socket: "@pyjoules-test-\(Process.identifier)-no-journal")
        var record = JournalRecord()
        record.add("MESSAGE", "x")
        #expect(journal.send(record) == false)
    }

    @Test func `standard error is the journal if its device and inode are the announced ones`() throws {
        let status = try FileStatus.standardError()
        let (device, inode) = (status.device, status.inode)
        #expect(Journal.isStandardError(journalStream: "\(device):\(inode)") == true)
        let others = [
            "\(device):\(inode + 1)", "\(device + 1):\(inode)", "\(inode):\(device)x", "\(device)", "\(device):",
            ":\(inode)",
            " \(device):\(inode)", "\(device):\(inode)\n", "\(device):0\(inode)", "", ":", "journal",
        ]
        for other in others { #expect(Journal.isStandardError(journalStream: other) == false, "\(other)") }
        #expect(Journal.isStandardError(journalStream: nil) == false)
    }
}
