import Accounts
import Bytes

/// What is kept beside the counters' records: see `LedgerAnnex`.
extension Ledger {
    /// How many bytes of content there is room for now.
    var annexRoom: Int { LedgerAnnex.room(besideRecords: entries.count + kept.count) }

    /// Writes content of whole words over the older of the two that there are; it must fit into `annexRoom`, and the buffer must have room for
    /// the trailer.
    mutating func writeAnnex(_ bytes: inout ByteBuffer) {
        precondition(bytes.count <= annexRoom)
        annexSequence += 1
        LedgerAnnex.finish(&bytes, boot: boot, sequence: annexSequence)
        precondition(!bytes.overflowed)
        let room = annexSequence % 2 == 0 ? 0 : LedgerImage.longestBytes
        let offset = room + LedgerImage.longestBytes - bytes.count
        // That the file cannot be written is found with the counters' records.
        _ = bytes.withBytes { store.write($0, at: offset) }
    }

    /// Lends the newer content that this start of the machine left; nothing if there is none.
    mutating func readAnnex(_ body: (Span<UInt8>) -> Void) {
        let found = [0, LedgerImage.longestBytes].compactMap { start -> (start: Int, annex: LedgerAnnex)? in
            store.withBytes(start..<(start + LedgerImage.longestBytes)) { LedgerAnnex($0) }.map { (start, $0) }
        }
        guard let newest = found.max(by: { $0.annex.sequence < $1.annex.sequence }) else { return }
        annexSequence = newest.annex.sequence
        guard newest.annex.boot == boot else { return }
        store.withBytes(newest.start..<(newest.start + LedgerImage.longestBytes)) {
            body($0.extracting(newest.annex.content))
        }
    }
}
