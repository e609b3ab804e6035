public import Bytes

/// What is kept beside the counters' records, at the end of the room of one image: anything, and behind it a trailer that says how much it
/// is.
///
/// An image is written from the beginning of its room, and neither it nor a program that does not know the annex touches the end as long as
/// it needs no room there. So what it holds must be good however old it is.
///
/// The trailer's words: "PJANNEX" and a version, a number that grows with each write, the boot's identity (two words), how many bytes stand
/// before the trailer, and a checksum over all that.
public struct LedgerAnnex: Sendable, Equatable {
    /// Which start of the machine it is of.
    public let boot: BootIdentity
    /// Grows with each write.
    public let sequence: UInt64
    /// Where its content lies in the room.
    public let content: Range<Int>

    /// The bytes behind the content.
    public static let trailerBytes = 48
    private static let magic: UInt64 = 0x0158_454E_4E41_4A50

    /// How much content there is room for beside an image of so many records.
    public static func room(besideRecords records: Int) -> Int {
        let image = (LedgerImage.headerWords + records * LedgerImage.recordWords + 1) * 8
        return max(0, LedgerImage.longestBytes - image - trailerBytes)
    }

    /// Appends the trailer to content of whole words.
    public static func finish(_ bytes: inout ByteBuffer, boot: BootIdentity, sequence: UInt64) {
        precondition(bytes.count % 8 == 0)
        let length = bytes.count
        bytes.append(littleEndian: magic)
        bytes.append(littleEndian: sequence)
        bytes.append(littleEndian: boot.high)
        bytes.append(littleEndian: boot.low)
        bytes.append(littleEndian: UInt64(length))
        let sum = bytes.withBytes { checksum($0, 0..<(length + trailerBytes - 8)) }
        bytes.append(littleEndian: sum)
    }

    /// Reads what lies at the end of the room of an image; nil if no annex does, or one that is not whole.
    public init?(_ room: Span<UInt8>) {
        let words = WordReader(room)
        let start = words.count - LedgerAnnex.trailerBytes / 8
        guard room.count % 8 == 0, start >= 0, words[start, room] == LedgerAnnex.magic else { return nil }
        let length = words[start + 4, room]
        guard length % 8 == 0, length <= UInt64(start * 8) else { return nil }
        let content = (start * 8 - Int(length))..<(start * 8)
        let sum = LedgerAnnex.checksum(room, content.lowerBound..<(room.count - 8))
        // A number that leaves no room for more writes is none of this program's.
        guard words[start + 5, room] == sum, words[start + 1, room] <= UInt64.max / 4 else { return nil }
        boot = BootIdentity(high: words[start + 2, room], low: words[start + 3, room])
        sequence = words[start + 1, room]
        self.content = content
    }

    private static func checksum(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        let part = bytes.extracting(range)
        let words = WordReader(part)
        var sum = Checksum()
        for index in 0..<words.count { sum.add(words[index, part]) }
        return sum.value
    }
}
