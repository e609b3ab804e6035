import Bytes
import TestSupport
import Testing

/// A Boolean of a noncopyable value is compared: `#expect` cannot take it apart otherwise.
@Suite struct ByteBufferTests {
    @Test func `a new buffer is empty and all of it is free`() {
        let buffer = ByteBuffer(capacity: 8)
        #expect(buffer.isEmpty == true)
        #expect(buffer.count == 0)
        #expect(buffer.freeCount == 8)
        #expect(buffer.content() == [])
        #expect(buffer.overflowed == false)
    }

    @Test func `bytes that are put before the content have the headroom, and the room of what was taken`() {
        var buffer = ByteBuffer(capacity: 8, headroom: 3)
        buffer.append("content!" as StaticString)
        let others = Array("0123456789".utf8)
        let joined = buffer.withBytes(after: others.span.extracting(0..<3)) { bytes in bytes.indices.map { bytes[$0] } }
        #expect(joined == Array("012content!".utf8))
        #expect(buffer.withBytes(after: others.span.extracting(0..<4)) { $0.count } == nil)
        buffer.removeFirst(3)
        let longer = buffer.withBytes(after: others.span.extracting(0..<6)) { bytes in bytes.indices.map { bytes[$0] } }
        #expect(longer == Array("012345tent!".utf8))
        #expect(buffer.withBytes(after: others.span.extracting(0..<7)) { $0.count } == nil)
        #expect(buffer.content() == Array("tent!".utf8))
        var plain = ByteBuffer(capacity: 8)
        #expect(plain.withBytes(after: others.span.extracting(0..<1)) { $0.count } == nil)
        #expect(plain.withBytes(after: others.span.extracting(0..<0)) { $0.count } == 0)
    }

    @Test func `every form of append adds at the end`() {
        var buffer = ByteBuffer(capacity: 32)
        buffer.append(UInt8(ascii: "a"))
        buffer.append("bc" as StaticString)
        buffer.append("d\u{E9}" as String)
        let bytes: [UInt8] = [0x00, 0xFF]
        buffer.append(bytes.span)
        #expect(buffer.content() == [0x61, 0x62, 0x63, 0x64, 0xC3, 0xA9, 0x00, 0xFF])
        #expect(buffer.count == 8)
        #expect(buffer.freeCount == 24)
    }

    @Test func `nothing appended changes nothing, even in a full buffer`() {
        var buffer = ByteBuffer(capacity: 1)
        buffer.append("x" as StaticString)
        buffer.append("" as StaticString)
        buffer.append("" as String)
        let none: [UInt8] = []
        buffer.append(none.span)
        #expect(buffer.text() == "x")
        #expect(buffer.overflowed == false)
    }

    @Test func `what fits exactly does not overflow`() {
        var buffer = ByteBuffer(capacity: 4)
        buffer.append("abc" as StaticString)
        buffer.append(UInt8(ascii: "d"))
        #expect(buffer.text() == "abcd")
        #expect(buffer.freeCount == 0)
        #expect(buffer.overflowed == false)
    }

    @Test func `a span or a text that does not fit is left out whole`() {
        var buffer = ByteBuffer(capacity: 4)
        buffer.append("abc" as StaticString)
        buffer.append("de" as StaticString)
        #expect(buffer.overflowed == true)
        let bytes: [UInt8] = [1, 2]
        buffer.append(bytes.span)
        #expect(buffer.text() == "abc")
        #expect(buffer.freeCount == 1)
    }

    @Test func `a byte too many is left out and the overflow stays known`() {
        var buffer = ByteBuffer(capacity: 2)
        buffer.append("ab" as StaticString)
        buffer.append(UInt8(ascii: "c"))
        #expect(buffer.text() == "ab")
        #expect(buffer.overflowed == true)
        buffer.removeFirst(1)
        buffer.compact()
        buffer.append(UInt8(ascii: "d"))
        #expect(buffer.text() == "bd")
        #expect(buffer.overflowed == true, "the content lacks something until it is thrown away")
    }

    @Test func `emptying a buffer forgets that it overflowed`() {
        var buffer = ByteBuffer(capacity: 1)
        buffer.append("ab" as String)
        #expect(buffer.overflowed == true)
        buffer.removeAll()
        #expect(buffer.overflowed == false)
        #expect(buffer.freeCount == 1)
        #expect(buffer.content() == [])
    }

    @Test(arguments: [(0, "xyabcdef"), (1, "axybcdef"), (5, "abcdexyf"), (6, "abcdefxy")])
    func `bytes can be put before any of those that are there`(offset: Int, result: String) {
        var buffer = ByteBuffer(capacity: 9)
        buffer.append("-abcdef" as StaticString)
        buffer.removeFirst(1)
        buffer.insert(Array("xy".utf8).span, at: offset)
        #expect(buffer.text() == result)
        #expect(buffer.freeCount == 0)
        #expect(buffer.overflowed == false)
        buffer.insert(Array("z".utf8).span, at: offset)
        #expect(buffer.text() == result)
        #expect(buffer.overflowed == true)
    }

    @Test func `nothing is put anywhere without moving what is there`() {
        var buffer = ByteBuffer(capacity: 2)
        let none: [UInt8] = []
        buffer.insert(none.span, at: 0)
        #expect(buffer.isEmpty == true)
        buffer.append("ab" as StaticString)
        buffer.insert(none.span, at: 1)
        #expect(buffer.text() == "ab")
        #expect(buffer.overflowed == false)
    }

    @Test func `removing from the front leaves the rest in its place`() {
        var buffer = ByteBuffer(capacity: 8)
        buffer.append("abcdef" as StaticString)
        buffer.removeFirst(0)
        #expect(buffer.text() == "abcdef")
        buffer.removeFirst(4)
        #expect(buffer.text() == "ef")
        #expect(buffer.count == 2)
        #expect(buffer.freeCount == 2, "space is regained by compacting, not by removing")
    }

    @Test func `removing everything makes all of the space free again`() {
        var buffer = ByteBuffer(capacity: 4)
        buffer.append("abcd" as StaticString)
        buffer.removeFirst(4)
        #expect(buffer.freeCount == 4)
        #expect(buffer.count == 0)
    }

    @Test func `compacting moves the unread bytes to the front, also where they overlap`() {
        var buffer = ByteBuffer(capacity: 8)
        buffer.append("abcdefgh" as StaticString)
        buffer.removeFirst(1)
        buffer.compact()
        #expect(buffer.text() == "bcdefgh")
        #expect(buffer.freeCount == 1)
        buffer.compact()
        #expect(buffer.text() == "bcdefgh")
        buffer.append(UInt8(ascii: "i"))
        #expect(buffer.text() == "bcdefghi")
    }

    @Test func `free space that is lent becomes content as far as it was filled`() {
        var buffer = ByteBuffer(capacity: 6)
        buffer.append("ab" as StaticString)
        let offered = buffer.withFreeSpace { space in
            let offered = space.freeCapacity
            for byte in "cde".utf8 { space.append(byte) }
            return offered
        }
        #expect(offered == 4)
        #expect(buffer.text() == "abcde")
        buffer.withFreeSpace { _ in }
        #expect(buffer.text() == "abcde")
    }

    @Test func `free space that was lent to a failure adds nothing`() {
        struct Failure: Error {}
        var buffer = ByteBuffer(capacity: 4)
        buffer.append("a" as StaticString)
        var failed = false
        do throws(Failure) {
            try buffer.withFreeSpace { (space) throws(Failure) in
                space.append(UInt8(ascii: "b"))
                throw Failure()
            }
        } catch {
            failed = true
        }
        #expect(failed)
        #expect(buffer.text() == "a")
    }

    @Test func `a word is eight bytes, the least significant first, whole or not at all`() {
        var buffer = ByteBuffer(capacity: 17)
        buffer.append(1)
        buffer.append(littleEndian: 0x0102_0304_0506_0708)
        #expect(buffer.content() == [1, 8, 7, 6, 5, 4, 3, 2, 1])
        buffer.append(littleEndian: UInt64.max)
        #expect(buffer.count == 17)
        #expect(buffer.overflowed == false)
        buffer.removeAll()
        for _ in 0..<10 { buffer.append(9) }
        buffer.append(littleEndian: 1)
        #expect(buffer.overflowed == true)
        #expect(buffer.count == 10)
    }

    /// The same operations on an array, where nothing can go wrong, must give the same content.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a long random use gives what an array gives`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var buffer = ByteBuffer(capacity: 64)
        var model: [UInt8] = []
        for _ in 0..<2000 {
            switch random.next() % 4 {
            case 0:
                let bytes = (0..<random.next() % 24).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                if bytes.count <= buffer.freeCount { model += bytes }
                buffer.append(bytes.span)
            case 1:
                let count = Int(random.next() % UInt64(model.count + 1))
                model.removeFirst(count)
                buffer.removeFirst(count)
            case 2:
                buffer.compact()
                #expect(buffer.freeCount == 64 - model.count)
            default:
                if buffer.freeCount > 0 { model.append(7) }
                buffer.append(7)
            }
            #expect(buffer.content() == model)
        }
    }
}
