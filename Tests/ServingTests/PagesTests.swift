import Bytes
import HTTP
import TestSupport
import Testing

@testable import Serving

@Suite struct PagesTests {
    private let text = Representation(format: .text)

    @Test func `a page is written once for each generation`() {
        var pages = Pages()
        var content = StubContent(bytes: 1000)
        let first = page(&pages, &content)
        #expect(page(&pages, &content) == first)
        content.generation = 2
        let second = page(&pages, &content)
        #expect(pages.text(second).hasPrefix("generation 2\n"))
        #expect(second.index == first.index, "its buffer is used again")
    }

    @Test func `a head goes before its page in one piece, and a long one in a piece of its own`() {
        var pages = Pages()
        var content = StubContent(bytes: 1000)
        let slot = page(&pages, &content)
        let text = pages.text(slot)
        for (length, isJoined) in [(300, true), (Pages.headBytes, true), (Pages.headBytes + 1, false), (300, true)] {
            let head = [UInt8](repeating: UInt8(ascii: "h"), count: length)
            let pieces = pages.withBytes(slot, after: head.span) {
                [Pages.string($0), Pages.string($1)]
            }
            let headText = String(repeating: "h", count: length)
            #expect(pieces == (isJoined ? [headText + text, ""] : [headText, text]))
        }
        #expect(pages.text(slot) == text)
        #expect(pages.withBytes(nil, after: [1, 2].span) { [$0.count, $1.count] } == [2, 0])
    }

    @Test func `a page that somebody still reads is not written over`() {
        var pages = Pages()
        var content = StubContent(bytes: 1000)
        let first = page(&pages, &content)
        var loan = pages.lend(first, from: 10)
        content.generation = 2
        let second = page(&pages, &content)
        #expect(second.index != first.index)
        #expect(pages.text(of: loan).hasSuffix("generation 1\n" + lastLine))
        loan.advance(by: pages.text(of: loan).utf8.count - 5)
        #expect(pages.text(of: loan) == String(lastLine.suffix(5)))
        #expect(pages.holds(loan) == true)
        pages.giveBack(loan)
        content.generation = 3
        #expect(page(&pages, &content).index == first.index, "nobody reads the old one any more")
    }

    @Test func `old pages that are read have a limit together, and the oldest goes first`() {
        var pages = Pages()
        var content = StubContent(bytes: Pages.stepBytes * 6)
        let most = Pages.retainedBytes / (Pages.stepBytes * 6)
        var loans: [PageLoan] = []
        for generation in 1...UInt64(most + 5) {
            content.generation = generation
            loans.append(pages.lend(page(&pages, &content), from: 1))
        }
        let held = loans.filter { pages.holds($0) }
        #expect(held.count == most + 1, "the newest is no old page")
        #expect(pages.holds(loans[0]) == false)
        for loan in loans { pages.giveBack(loan) }
        #expect(pages.text(page(&pages, &content)).hasPrefix("generation \(most + 5)\n"))
    }

    @Test func `two pages longer than the limit can be read at once`() {
        var pages = Pages()
        var content = StubContent(bytes: Pages.retainedBytes)
        let first = pages.lend(page(&pages, &content), from: 1)
        content.generation = 2
        let second = pages.lend(page(&pages, &content), from: 1)
        #expect(pages.holds(first) == true)
        #expect(pages.holds(second) == true)
    }

    @Test func `each form has a page of its own, but OpenMetrics' versions share one`() {
        var pages = Pages()
        var content = StubContent(bytes: 1000)
        var slots: [Slot] = []
        for format in ExpositionFormat.allCases {
            for coding in ContentCoding.allCases {
                let form = Representation(format: format, coding: coding)
                let page = pages.page(form, selecting: nil, generation: 1, &content)
                #expect(page.coding == coding)
                if !slots.contains(page.slot) { slots.append(page.slot) }
            }
        }
        #expect(slots.count == 6)
    }

    @Test func `each kind of document has pages of its own`() {
        var pages = Pages()
        var content = StubContent(bytes: 1000)
        let documents: [Document] = [.metrics(.text), .json(withHistory: false), .json(withHistory: true), .page]
        let slots = documents.map { pages.page($0, .identity, selecting: nil, generation: 1, &content).slot }
        #expect(pages.text(slots[1]) == "{\"generation\":1,\"history\":false}\n")
        #expect(pages.text(slots[2]) == "{\"generation\":1,\"history\":true}\n")
        #expect(pages.text(slots[3]) == "<p>generation 1</p>\n")
        #expect(documents.map { pages.page($0, .identity, selecting: nil, generation: 1, &content).slot } == slots)
        #expect(content.written == documents.count)
    }

    /// Each request for the same selection once had it written and compressed anew, ten times as much work as the whole page.
    @Test(arguments: ContentCoding.allCases)
    func `the page of a selection is made once for each generation`(coding: ContentCoding) {
        var pages = Pages()
        var content = StubContent(bytes: 1000)
        let form = Representation(format: .text, coding: coding)
        for generation in 1...3 as ClosedRange<UInt64> {
            content.generation = generation
            let first = pages.page(form, selecting: 1, generation: generation, &content)
            #expect(pages.takeHasMade() == true)
            if coding == .identity { #expect(pages.text(first.slot) == "selected 1 of generation \(generation)\n") }
            let again = pages.page(form, selecting: 1, generation: generation, &content)
            #expect(pages.takeHasMade() == false)
            #expect(again.slot == first.slot && again.coding == coding)
            let other = pages.page(form, selecting: 2, generation: generation, &content)
            #expect(pages.takeHasMade() == true)
            #expect(other.slot != first.slot)
        }
    }

    @Test func `a selection of everything is the whole page`() {
        var pages = Pages()
        var content = StubContent(bytes: 1000)
        let whole = page(&pages, &content)
        #expect(pages.page(text, selecting: StubContent.everything, generation: 1, &content).slot == whole)
    }

    @Test func `pages of more selections than are shared are made for one request each, and the others stay`() {
        var pages = Pages()
        var content = StubContent(bytes: 1000)
        let whole = page(&pages, &content)
        let shared = (10..<10 + Pages.sharedSelections).map {
            pages.page(text, selecting: $0, generation: 1, &content).slot
        }
        for selection in 100..<200 {
            let selected = pages.page(text, selecting: selection, generation: 1, &content)
            #expect(pages.text(selected.slot) == "selected \(selection) of generation 1\n")
        }
        _ = pages.takeHasMade()
        #expect(page(&pages, &content) == whole)
        for (index, slot) in shared.enumerated() {
            #expect(pages.page(text, selecting: 10 + index, generation: 1, &content).slot == slot)
        }
        #expect(pages.takeHasMade() == false)
    }

    @Test func `selections that nobody asks for any more give their buffers back`() {
        var pages = Pages()
        var content = StubContent(bytes: 1000)
        var slots: [Slot] = []
        for generation in 1...20 as ClosedRange<UInt64> {
            let selection = Int(generation) * 10
            let slot = pages.page(text, selecting: selection, generation: generation, &content).slot
            if !slots.contains(where: { $0.index == slot.index }) { slots.append(slot) }
        }
        #expect(slots.count == 1)
    }

    private func page(_ pages: inout Pages, _ content: inout StubContent) -> Slot {
        pages.page(text, selecting: nil, generation: content.generation, &content).slot
    }
}

extension Pages {
    func text(_ slot: Slot) -> String { withBytes(slot) { Pages.string($0) } }
    func text(of loan: PageLoan) -> String { withBytes(of: loan) { Pages.string($0) } }

    static func string(_ bytes: Span<UInt8>) -> String {
        String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }
}

/// What slow readers are given, seen from outside.
@Suite struct LentPageTests {
    @Test func `a response that is taken in pieces is one page, however often the content changes`() throws {
        var harness = try Harness(pageBytes: 900_000)
        let slow = try harness.connect()
        slow.send(scrape)
        try harness.serve()
        var answer = slow.receiveAll()
        #expect(answer.utf8.count < 900_000)
        for generation in 2...40 as ClosedRange<UInt64> {
            harness.content.generation = generation
            let other = try harness.connect()
            other.send("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
            try harness.serve()
            answer += slow.receiveAll()
        }
        #expect(answer.hasSuffix("generation 1\n" + lastLine))
        #expect(answer.contains("generation 2\n") == false)
    }

    /// A client that read steadily was once ended for others that let their pages lie, since its page was the oldest.
    @Test func `who lets a page lie longest is ended and counted when too many are read, and not who reads`() throws {
        let pages = Pages.retainedPages + 4
        var harness = try Harness(maximumConnections: pages, pageBytes: 2_200_000)
        let steady = try harness.connect()
        steady.send(scrape)
        try harness.serve()
        var answer = ""
        var idle = InlineArray<16, Client?> { _ in nil }
        for index in 0..<(pages - 1) {
            harness.content.generation += 1
            let client = try harness.connect()
            client.send(scrape)
            try harness.serve()
            idle[index] = consume client
            answer += steady.receive(atMost: 180_000)
            try harness.serve()
        }
        #expect(harness.counters.rejections(.evicted) == 0, "they are ended when they read on, or after their time")
        answer += try receive(steady, &harness)
        #expect(answer.hasSuffix("generation 1\n" + lastLine))
        let lost = try receive(from: idle[0], &harness)
        #expect(lost?.hasSuffix(lastLine) == false)
        #expect(harness.counters.rejections(.evicted) == 1)
        let newest = try receive(from: idle[pages - 2], &harness)
        #expect(newest?.hasSuffix("generation \(pages)\n" + lastLine) == true)
    }

    private func receive(from client: borrowing Client?, _ harness: inout Harness) throws -> String? {
        switch client {
        case .some(let client): try receive(client, &harness)
        case .none: nil
        }
    }

    private func receive(_ client: borrowing Client, _ harness: inout Harness) throws -> String {
        var answer = ""
        for _ in 0..<20 {
            answer += client.receiveAll()
            try harness.serve(turns: 1)
        }
        return answer + client.receiveAll()
    }
}

/// What a client is told that is not answered.
@Suite struct ExplanationTests {
    @Test func `what is not ready says so in words of its own`() throws {
        // It said that all connections were in use.
        var harness = try Harness()
        harness.content.isReady = false
        let client = try harness.connect()
        client.send("GET /-/ready HTTP/1.1\r\nHost: a\r\n\r\n")
        try harness.serve()
        let answer = client.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(
            answer.hasSuffix("\r\n\r\npyjoules-exporter: The first values are not there yet; try again in a second.\n"))
        harness.content.isReady = true
        client.send("GET /-/ready HTTP/1.1\r\nHost: a\r\n\r\n")
        try harness.serve()
        #expect(client.receiveAll().hasSuffix("\r\n\r\npyjoules-exporter: OK.\n"))
    }

    @Test(arguments: [(60, "60 seconds."), (1, "a second.")])
    func `the body of a 429 tells the time that its head tells`(seconds: Int, words: String) throws {
        // With an interval of a minute, the head said 60 and the body a second.
        var harness = try Harness(
            configuration: "rate_limit:\n  interval: \(seconds)s\n  burst: 1\n")
        let client = try harness.connect()
        client.send(healthy + healthy)
        try harness.serve()
        let answer = client.receiveAll()
        #expect(answer.contains("\r\nRetry-After: \(seconds)\r\n"))
        #expect(answer.hasSuffix("\r\n\r\npyjoules-exporter: There are too many requests; try again in \(words)\n"))
        #expect(harness.counters.rejections(.rate) == 1)
    }
}

extension Pages {
    /// A page of metrics in the form that a client asks for.
    fileprivate mutating func page(
        _ form: Representation, selecting selection: Int?, generation: UInt64, _ content: inout StubContent
    ) -> (slot: Slot, coding: ContentCoding) {
        page(.metrics(form.format), form.coding, selecting: selection, generation: generation, &content)
    }
}
