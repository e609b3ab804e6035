public import Kernel

/// The journal's native protocol: records of named fields, one datagram each.
/// See https://systemd.io/JOURNAL_NATIVE_PROTOCOL and systemd.journal-fields(7).
///
/// Not through `sd_journal_sendv`: its socket is a blocking one, so a journald that stalls would stop the caller, which here
/// is the loop that samples. This one never waits; whoever sends counts what was lost.
public struct Journal: ~Copyable, Sendable {
    private let sender: DatagramSender

    /// Where journald takes records.
    public static let usualSocket = "/run/systemd/journal/socket"

    /// `socket` is journald's; another one only in tests.
    public init(socket: String = Journal.usualSocket) throws(SystemError) {
        sender = try DatagramSender(to: socket)
    }

    /// Sends a record; false if journald is gone or its queue is full.
    public borrowing func send(_ record: JournalRecord) -> Bool {
        sender.send(record.bytes.span)
    }

    /// Whether records reach a journal at a socket. Units with a root directory of their own and containers may have stderr
    /// connected to the journal without it. See BindLogSockets= in systemd.exec(5).
    public static func isReachable(at socket: String = Journal.usualSocket) -> Bool {
        DatagramSender.isServed(socket)
    }

    /// Whether stderr is a stream to the journal, by which everything sent natively would be seen in the same place:
    /// `JOURNAL_STREAM` names its device and inode. See systemd.exec(5).
    public static func isStandardError(journalStream: String?) -> Bool {
        guard let journalStream else { return false }
        do {
            let status = try FileStatus.standardError()
            return journalStream == "\(status.device):\(status.inode)"
        } catch {
            return false
        }
    }
}

/// The fields of one record, in the form that journald reads.
public struct JournalRecord: Sendable {
    fileprivate(set) var bytes: [UInt8] = []

    /// A record without a field.
    public init() {}

    /// Adds a field. Names are upper-case letters, digits and underscores; values may be anything.
    public mutating func add(_ name: String, _ value: String) {
        bytes += name.utf8
        if value.utf8.contains(0x0A) {
            // A value with line feeds is announced by its length: 64 bits, least significant byte first.
            bytes.append(0x0A)
            var length = UInt64(value.utf8.count)
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: length))
                length >>= 8
            }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value.utf8
        bytes.append(0x0A)
    }
}
