import Testing

@testable import Bytes

@Suite struct DigestTests {
    /// By the authors of FNV: http://www.isthe.com/chongo/tech/comp/fnv/
    @Test(
        arguments: [
            ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
        ] as [(String, UInt64)])
    func `it is FNV-1a with 64 bits`(text: String, value: UInt64) {
        var digest = Digest()
        for byte in text.utf8 { digest.add(byte: byte) }
        #expect(digest.value == value)
    }

    @Test func `where one text ends and the next begins makes a difference`() {
        func digest(_ texts: [[UInt8]]) -> Digest {
            var digest = Digest()
            for text in texts { digest.add(text.span) }
            return digest
        }
        #expect(digest([[1, 2], [3]]) != digest([[1], [2, 3]]))
        #expect(digest([[1, 2], [3]]) == digest([[1, 2], [3]]))
    }
}
