import Bytes
import HTTP
import Testing

@Suite struct EntityTagTests {
    private let tag = EntityTag(run: 0x18A4_0F00_1234_5678, generation: 4711, form: UInt8(ascii: "j"))

    @Test(
        arguments: [
            (0, 0, "\"0-0-j\""), (1, 0x10, "\"1-10-j\""), (.max, .max, "\"ffffffffffffffff-ffffffffffffffff-j\""),
            (0xABC, 0x0FED_CBA9_8765_4321, "\"abc-fedcba987654321-j\""),
        ] as [(UInt64, UInt64, String)])
    func `it is made of its numbers`(run: UInt64, generation: UInt64, text: String) {
        #expect(written(EntityTag(run: run, generation: generation, form: UInt8(ascii: "j"))) == text)
    }

    @Test func `other runs, generations and forms have others`() {
        let others = [
            EntityTag(run: 1, generation: 2, form: UInt8(ascii: "j")),
            EntityTag(run: 2, generation: 1, form: UInt8(ascii: "j")),
            EntityTag(run: 1, generation: 2, form: UInt8(ascii: "J")),
            EntityTag(run: 0x12, generation: 2, form: UInt8(ascii: "j")),
            EntityTag(run: 1, generation: 0x22, form: UInt8(ascii: "j")),
        ]
        #expect(Set(others.map(written)).count == others.count)
    }

    @Test(arguments: ["%", "W/%", "*", "\"a\", %", "%,\"a\"", "\"a,b\" , W/% ,", ", %"])
    func `a list that names it, names it`(pattern: String) {
        #expect(isListed(pattern.replacing("%", with: written(tag))))
    }

    @Test(arguments: ["", "\"\"", "W/", "W/\"\"", "**", "\"a\"", "w/%", "W/ %", "x%", "%x", "W/W/%", "\"x,%", "'%'"])
    func `a list that does not, does not`(pattern: String) {
        #expect(!isListed(pattern.replacing("%", with: written(tag))))
    }

    @Test func `part of it is not it`() {
        let text = written(tag)
        for count in 0..<text.count { #expect(!isListed(String(text.prefix(count)))) }
        #expect(!isListed(text.replacing("j", with: "J")))
    }

    private func isListed(_ value: String) -> Bool {
        let bytes = Array(value.utf8)
        return tag.isListed(in: bytes.span)
    }

    private func written(_ tag: EntityTag) -> String {
        tag.withBytes { bytes in
            var text: [UInt8] = []
            for index in bytes.indices { text.append(bytes[index]) }
            return String(decoding: text, as: UTF8.self)
        }
    }
}
