import Testing

@testable import Systemd

@Suite struct JournalRecordTests {
    @Test func `a new record has no bytes`() {
        #expect(JournalRecord().bytes == [])
    }

    @Test(arguments: ["", "listening on http://127.0.0.1:9091", "a=b", "\t\u{0}\u{7F}", "Z\u{FC}rich", "\r"])
    func `a value without line feeds follows an equals sign`(value: String) {
        #expect(bytes(["MESSAGE": value]) == Array("MESSAGE=".utf8) + value.utf8 + [0x0A])
    }

    @Test func `a value with a line feed is announced by its length`() {
        let expected = Array("MESSAGE\n".utf8) + [7, 0, 0, 0, 0, 0, 0, 0] + Array("one\ntwo\n".utf8)
        #expect(bytes(["MESSAGE": "one\ntwo"]) == expected)
    }

    @Test(arguments: ["\n", "\n\n", "end\n", "\nstart", "\r\n"])
    func `a line feed anywhere needs the length`(value: String) {
        let length = UInt8(value.utf8.count)
        let expected = Array("A\n".utf8) + [length, 0, 0, 0, 0, 0, 0, 0] + Array(value.utf8) + [0x0A]
        #expect(bytes(["A": value]) == expected)
    }

    @Test func `a length is 64 bits, least significant byte first, counting bytes and not characters`() {
        let value = "\n" + String(repeating: "\u{FC}", count: 0x8192)
        let expected = Array("A\n".utf8) + [0x25, 0x03, 0x01, 0, 0, 0, 0, 0] + Array(value.utf8) + [0x0A]
        #expect(bytes(["A": value]) == expected)
    }

    @Test func `fields follow each other in the order of their being added`() {
        let record = bytes(["PRIORITY": "6", "MESSAGE": "a\nb", "SYSLOG_IDENTIFIER": "pyjoules-exporter"])
        let expected =
            Array("PRIORITY=6\nMESSAGE\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0]
            + Array("a\nb\nSYSLOG_IDENTIFIER=pyjoules-exporter\n".utf8)
        #expect(record == expected)
    }

    private func bytes(_ fields: KeyValuePairs<String, String>) -> [UInt8] {
        var record = JournalRecord()
        for (name, value) in fields { record.add(name, value) }
        return record.bytes
    }
}
