import Bytes
import HTTP
import TestSupport
import Testing

@Suite struct RecentHeadTests {
    private static let scrape = "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n"

    @Test(arguments: AcceptedRequest.all)
    func `the same head again says the same, whatever follows it`(accepted: AcceptedRequest) {
        var recent = RecentHead()
        let once = recent.parse(accepted.bytes.span)
        #expect(once == parseRequest(accepted.bytes.span))
        let again = accepted.bytes + "GET /".utf8
        #expect(recent.parse(again.span) == once)
    }

    @Test(arguments: AcceptedRequest.all)
    func `a head that differs in any byte, or lacks some, is read for itself`(accepted: AcceptedRequest) {
        for index in accepted.bytes.indices {
            var recent = RecentHead()
            _ = recent.parse(accepted.bytes.span)
            var other = accepted.bytes
            other[index] ^= 1
            #expect(recent.parse(other.span) == parseRequest(other.span))
            #expect(recent.parse(accepted.bytes.span) == parseRequest(accepted.bytes.span))
            let beginning = Array(accepted.bytes.prefix(index))
            #expect(recent.parse(beginning.span) == .incomplete)
        }
    }

    @Test(arguments: AcceptedRequest.all)
    func `it tells whether an input begins with it, and each has a number of its own`(accepted: AcceptedRequest) {
        let scrape = Array(RecentHeadTests.scrape.utf8)
        let beginning = Array(accepted.bytes.prefix(3))
        var recent = RecentHead()
        let (beginsBefore, numberBefore) = (recent.begins(accepted.bytes.span), recent.number)
        #expect(!beginsBefore && numberBefore == 0)
        _ = recent.parse(scrape.span)
        let former = recent.number
        _ = recent.parse(accepted.bytes.span)
        let number = recent.number
        let (begins, beginsWithFormer) = (recent.begins(accepted.bytes.span), recent.begins(scrape.span))
        let beginsShort = recent.begins(beginning.span)
        // One with a password is not kept.
        #expect(begins == (number != former) && beginsWithFormer == !begins && !beginsShort)
        _ = recent.parse(accepted.bytes.span)
        let numberAfter = recent.number
        #expect(numberAfter == number)
    }

    @Test func `what is malformed stays so beside a head that was understood`() {
        var recent = RecentHead()
        let good = Array(RecentHeadTests.scrape.utf8)
        _ = recent.parse(good.span)
        for refused in RefusedRequest.all {
            #expect(recent.parse(refused.bytes.span) == .malformed(refused.status))
        }
        #expect(recent.parse(good.span) == parseRequest(good.span))
    }

    @Test func `a head that is too long to be kept is read each time`() {
        var recent = RecentHead()
        let long = Array("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 2000))\r\n\r\n".utf8)
        #expect(recent.parse(long.span) == parseRequest(long.span))
        #expect(recent.parse(long.span) == parseRequest(long.span))
    }
}
