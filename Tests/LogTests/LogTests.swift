import Glibc
import Logging
import TestSupport
import Testing

@testable import Kernel
@testable import Log
@testable import Systemd

@Suite struct LogRecordTests {
    private let record = LogRecord(
        unixNanoseconds: 1_000_000_000_123_456_789, level: .warning, message: "say \"hi\"\n\u{01}\u{9B}",
        fields: [("event", "zone_failing"), ("plain", "a:1"), ("spaced", "a b"), ("void", "")])

    @Test func `a logfmt line quotes what needs it`() {
        #expect(
            record.line(.logfmt)
                == "ts=2001-09-09T01:46:40.123Z level=warning event=zone_failing msg=\"say \\\"hi\\\"\\n\\u0001\\u009b\" plain=a:1 spaced=\"a b\" void=\"\""
        )
    }

    @Test func `a JSON line has the same keys`() {
        #expect(
            record.line(.json)
                == "{\"ts\":\"2001-09-09T01:46:40.123Z\",\"level\":\"warning\",\"event\":\"zone_failing\",\"msg\":\"say \\\"hi\\\"\\n\\u0001\\u009b\",\"plain\":\"a:1\",\"spaced\":\"a b\",\"void\":\"\"}"
        )
    }

    @Test func `a journal record has priority, identifier and our fields`() {
        let text = String(decoding: record.journalRecord.bytes, as: UTF8.self)
        #expect(text.contains("\nPRIORITY=4\n"))
        #expect(text.contains("\nMESSAGE_ID=\(Event.zoneFailing.messageID)\n"))
        #expect(text.contains("\nSYSLOG_IDENTIFIER=pyjoules-exporter\n"))
        #expect(text.contains("\nPYJOULES_EVENT=zone_failing\n"))
        #expect(text.contains("\nPYJOULES_SPACED=a b\n"))
    }

    @Test func `each event has an identifier of its own, of 32 hexadecimal digits`() {
        let identifiers = Event.allCases.map(\.messageID)
        #expect(Set(identifiers).count == identifiers.count)
        for identifier in identifiers {
            #expect(identifier.utf8.count == 32)
            #expect(identifier.allSatisfy { "0123456789abcdef".contains($0) })
        }
    }
}

@Suite struct LogSinkTests {
    @Test func `a pipe that nobody reads makes records drop, not wait`() throws {
        let pipe = try LinePipe()
        let sink = LogSink(writer: try LineWriter(sharing: pipe.writer), format: .logfmt)
        let log = logger(sink)
        var written = 0
        while sink.droppedCount == 0, written < 100_000 {
            log.report(.reloaded, .info, "line \(written)")
            written += 1
        }
        #expect(sink.droppedCount == 1)
        log.report(.reloaded, .info, "another")
        #expect(sink.droppedCount == 2)
    }

    @Test func `a journal that nobody reads makes records drop, not wait`() throws {
        let receiver = try DatagramReceiver()
        let sink = LogSink(journal: try Journal(socket: receiver.path))
        let log = logger(sink)
        var written = 0
        while sink.droppedCount == 0, written < 100_000 {
            log.report(.reloaded, .info, "line \(written)")
            written += 1
        }
        #expect(sink.droppedCount == 1)
        #expect(receiver.receiveText()?.contains("MESSAGE=line 0\n") == true)
    }

    @Test func `a line longer than a pipe takes at once is cut`() throws {
        let pipe = try LinePipe()
        let sink = LogSink(writer: try LineWriter(sharing: pipe.writer), format: .logfmt)
        logger(sink).report(.reloaded, .info, String(repeating: "x", count: 10_000))
        let line = pipe.readAll()
        #expect(line.utf8.count == LogSink.longestLine)
        #expect(line.hasSuffix("x\n"))
        #expect(sink.droppedCount == 0)
    }

    private func logger(_ sink: LogSink) -> Logger {
        Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
    }
}
