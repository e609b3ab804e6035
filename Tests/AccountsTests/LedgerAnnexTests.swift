import Bytes
import TestSupport
import Testing

@testable import Accounts

/// What lies at the end of an image's room: anything may be there, and only what is whole is taken.
@Suite struct LedgerAnnexTests {
    private static let boot = BootIdentity(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

    /// Content with its trailer, as it stands at the end of the room.
    private func annex(_ content: [UInt8], sequence: UInt64 = 7) -> [UInt8] {
        var bytes = ByteBuffer(capacity: content.count + LedgerAnnex.trailerBytes)
        bytes.append(content.span)
        LedgerAnnex.finish(&bytes, boot: LedgerAnnexTests.boot, sequence: sequence)
        return bytes.content()
    }

    private func content(_ bytes: [UInt8]) -> [UInt8]? { LedgerAnnex(bytes.span).map { Array(bytes[$0.content]) } }

    @Test(arguments: [0, 8, 16, 4096])
    func `what is written is read back, wherever in the room it ends`(count: Int) {
        var numbers = SplitMix64(seed: UInt64(count))
        let content = (0..<count).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
        let bytes = annex(content, sequence: 41)
        #expect(bytes.count == count + LedgerAnnex.trailerBytes)
        for before in [0, 8, 800] {
            let room = Array(repeating: UInt8(0xAA), count: before) + bytes
            guard let read = LedgerAnnex(room.span) else {
                Issue.record("nothing is read behind \(before) bytes")
                continue
            }
            #expect(read.boot == LedgerAnnexTests.boot && read.sequence == 41)
            #expect(Array(room[read.content]) == content)
        }
    }

    @Test func `no bit can be flipped unseen`() {
        let bytes = annex(Array(0..<64))
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(content(flipped) == nil, "bit \(bit)")
        }
    }

    @Test func `what is cut, or lies elsewhere than at the end, is none`() {
        let bytes = annex(Array(0..<64))
        for count in 0..<bytes.count {
            #expect(content(Array(bytes.prefix(count))) == nil)
            // What is cut in front lacks what the trailer says there is.
            #expect(content(Array(bytes.suffix(count))) == nil)
        }
        for more in 1...16 { #expect(content(bytes + Array(repeating: 0, count: more)) == nil) }
    }

    @Test func `memory that was never written has none`() {
        for count in [0, 8, 48, 56, 4096] { #expect(content(Array(repeating: 0, count: count)) == nil) }
        for count in [48, 4096] { #expect(content(Array(repeating: 0xFF, count: count)) == nil) }
    }

    /// With it, the next one's number would be below.
    @Test func `a number that leaves no room for more is none of this program's`() {
        #expect(content(annex([], sequence: .max / 4)) != nil)
        #expect(content(annex([], sequence: .max / 4 + 1)) == nil)
        #expect(content(annex([], sequence: .max)) == nil)
    }

    /// An image of so many records is written from the beginning of the room, and may not reach the annex.
    @Test func `there is room for what the image of the records leaves`() {
        for records in [0, 1, 17, 128, LedgerImage.capacity] {
            let image = (LedgerImage.headerWords + records * LedgerImage.recordWords + 1) * 8
            let room = LedgerAnnex.room(besideRecords: records)
            #expect(image + room + LedgerAnnex.trailerBytes == LedgerImage.longestBytes)
            #expect(room % 8 == 0)
        }
        #expect(LedgerAnnex.room(besideRecords: LedgerImage.capacity + 1) == 0)
    }

    @Test func `of two annexes one after the other the latter is read, although the former lies before it`() {
        let (former, latter) = (annex(Array(0..<32)), annex(Array(100..<116)))
        #expect(content(former + latter) == Array(100..<116))
    }
}
