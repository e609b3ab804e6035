import Glibc
import TestSupport
import Testing

@testable import Kernel

/// What the kernel does with pages that the queue of a socket refers to, on which the truth of what is sent depends.
@Suite struct ZeroCopyBufferTests {
    private let none: [UInt8] = []

    enum Kind: CaseIterable {
        case unix
        case tcp
    }

    @Test(arguments: [500, 4095, 4096, 9_999, .max])
    func `all that it holds is sent, in pieces of any length`(pieceBytes: Int) throws {
        let pair = try FileDescriptor.connectedPair()
        var buffer = try emptyBuffer()
        let (head, body) = (bytes("head ", times: 3), bytes("body ", times: 2000))
        for (first, second) in [(head, body), (body, []), ([], head)] {
            #expect(buffer.replace(by: first.span, second.span) == true)
            #expect(buffer.count == first.count + second.count)
            #expect(pair.first.send(buffer, pieceBytes: pieceBytes) == .bytes(buffer.count))
            #expect(receive(over: pair.second).text == text(first + second))
        }
    }

    /// Otherwise a slow client would be sent parts of two pages.
    @Test(arguments: Kind.allCases)
    func `what was sent arrives as it was, whatever the buffer holds by then`(kind: Kind) throws {
        try withPair(kind) { server, client in
            var buffer = try emptyBuffer()
            var sent: [UInt8] = []
            var last = Transfer.bytes(0)
            for generation in 1... {
                let page = bytes("generation \(generation)\n", times: 700 + generation % 7)
                #expect(buffer.replace(by: page.span, page.span.extracting(0..<0)) == true)
                last = server.send(buffer)
                guard case .bytes(let count) = last else { break }
                sent += page.prefix(count)
            }
            #expect(last == .wouldBlock)
            #expect(buffer.replace(by: bytes("x", times: 20_000).span, bytes("y", times: 5).span) == true)
            #expect(sent.count > 20_000, "several pages")
            var received: [UInt8] = []
            while received.count < sent.count {
                let (transfer, text) = try receiveWhenReady(over: client)
                guard case .bytes = transfer else { break }
                received += Array(text.utf8)
            }
            // Where they differ, a list of the differences would take minutes.
            let isSame = received == sent
            #expect(isSame)
        }
    }

    @Test(arguments: Kind.allCases)
    func `a peer that left is told as a failure`(kind: Kind) throws {
        try withPair(kind) { server, client in
            var buffer = try emptyBuffer()
            #expect(buffer.replace(by: bytes("x", times: 10_000).span, none.span) == true)
            try checked("shutdown", server.withNumber { shutdown($0, Int32(SHUT_WR)) })
            let outcome = ignoring(SIGPIPE) { server.send(buffer) }
            #expect(outcome == .failed(ErrorCode(number: EPIPE)))
            #expect(receive(over: client).transfer == .endOfFile)
        }
    }

    @Test func `where there is no room it holds nothing, and later something again`() throws {
        var buffer = try emptyBuffer()
        let page = bytes("page ", times: 2000)
        #expect(buffer.replace(by: page.span, page.span) == true)
        try withFileSizeLimit(15_000) {
            #expect(buffer.replace(by: page.span, page.span) == false)
            #expect(buffer.count == 0)
            #expect(buffer.replace(by: page.span, none.span) == true)
        }
        #expect(buffer.replace(by: page.span, page.span) == true)
        #expect(buffer.count == 20_000)
    }

    private func bytes(_ text: String, times count: Int) -> [UInt8] {
        Array(String(repeating: text, count: count).utf8)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func withPair(
        _ kind: Kind, _ body: (borrowing FileDescriptor, borrowing FileDescriptor) throws -> Void
    ) throws {
        switch kind {
        case .unix:
            let pair = try FileDescriptor.connectedPair()
            try body(pair.first, pair.second)
        case .tcp:
            let listener = try Listener(on: .ipv4(text: "127.0.0.1", port: 0))
            let client = try connectedClient(to: listener)
            try body(try acceptWhenReady(listener).takeSocket(), client)
        }
    }

    /// A file may be so long, as with `LimitFSIZE=`.
    private func withFileSizeLimit(_ bytes: UInt, _ body: () throws -> Void) throws {
        let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
        var limit = rlimit()
        try checked("getrlimit", getrlimit(resource, &limit))
        var low = rlimit(rlim_cur: bytes, rlim_max: limit.rlim_max)
        try checked("setrlimit", setrlimit(resource, &low))
        defer { setrlimit(resource, &limit) }
        try ignoring(SIGXFSZ, body)
    }
}
