import Glibc
import HTTP
import TestSupport
import Testing

@Suite struct RequestParserTests {
    @Test(arguments: RefusedRequest.all)
    func `what is malformed gets its status, however it arrives`(refused: RefusedRequest) throws {
        #expect(try readEveryWay(refused.bytes) == .malformed(refused.status))
    }

    @Test(arguments: AcceptedRequest.all)
    func `what is well-formed is understood, however it arrives`(accepted: AcceptedRequest) throws {
        let result = try readEveryWay(accepted.bytes)
        guard case .complete(let request) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(request.method == accepted.method)
        #expect(String(decoding: accepted.bytes[request.path], as: UTF8.self) == accepted.path)
        #expect(request.isHTTP11 == accepted.isHTTP11)
        #expect(request.keepsAlive == accepted.keepsAlive)
        #expect(request.namesKeepAlive == accepted.namesKeepAlive)
        #expect(request.bodyLength == accepted.bodyLength)
        #expect(request.headLength == accepted.bytes.count)
    }

    @Test(arguments: AcceptedRequest.all)
    func `a head that lacks any of its last bytes is incomplete`(accepted: AcceptedRequest) {
        for count in 0..<accepted.bytes.count {
            #expect(parse(Array(accepted.bytes.prefix(count))) == .incomplete)
        }
    }

    @Test(arguments: AcceptedRequest.all)
    func `what follows a head does not change how it is read`(accepted: AcceptedRequest) throws {
        let alone = parse(accepted.bytes)
        for next in ["GET / HTTP/1.1\r\nHost: y\r\n\r\n", "\0\0\0", "\r\n", "\n"] {
            #expect(try readEveryWay(accepted.bytes + next.utf8) == alone)
        }
    }

    @Test func `pipelined requests are read one after the other`() throws {
        let first = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
        let second = "\r\nHEAD /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
        let third = "GET /c HTTP/1.0\r\n\r\n"
        var rest = Array((first + second + "abc" + third).utf8)
        var paths: [String] = []
        var headLengths: [Int] = []
        while case .complete(let request) = try readEveryWay(rest) {
            paths.append(String(decoding: rest[request.path], as: UTF8.self))
            headLengths.append(request.headLength)
            rest.removeFirst(request.headLength + request.bodyLength)
        }
        #expect(paths == ["/a", "/b", "/c"])
        #expect(headLengths == [first.utf8.count, second.utf8.count, third.utf8.count])
        #expect(rest == [])
    }

    /// A client that does not speak HTTP may wait for an answer before it sends a line's end.
    @Test(
        arguments: [
            ([0x16], .badRequest),
            ([0x00], .badRequest),
            (Array("\n".utf8), .badRequest),
            (Array("\rG".utf8), .badRequest),
            (Array(" ".utf8), .badRequest),
            (Array("{".utf8), .badRequest),
            (Array("GET  ".utf8), .badRequest),
            (Array("GET /\t".utf8), .badRequest),
            (Array("GET /#".utf8), .badRequest),
            (Array("GET /".utf8) + [0xE9], .badRequest),
            (Array("\r\nGET /#".utf8), .badRequest),
        ] as [([UInt8], Status)])
    func `a request line that cannot become one is refused before it ends`(bytes: [UInt8], status: Status) throws {
        #expect(try readEveryWay(bytes) == .malformed(status))
        #expect(parse(Array(bytes.dropLast())) == .incomplete)
    }

    @Test func `a head that was incomplete is judged again once a line ends, whatever was seen before`() {
        let start = "GET / HTTP/1.1\r\nHost: x\r\nAccept : */*"
        let whole = Array((start + "\r\n").utf8)
        for previousCount in 0...start.utf8.count {
            #expect(parse(whole, previousCount: previousCount) == .malformed(.badRequest))
        }
    }

    @Test func `the guard page cannot be read`() throws {
        let memory = try GuardedMemory()
        var ends: [Int32] = [-1, -1]
        try checked("pipe", pipe(&ends))
        defer { for end in ends { close(end) } }
        #expect(write(ends[1], memory.end - 1, 1) == 1)
        #expect(write(ends[1], memory.end, 1) == -1)
        #expect(errno == EFAULT)
    }

    @Test func `every beginning of every request may end where memory ends`() throws {
        let memory = try GuardedMemory()
        for bytes in AcceptedRequest.all.map(\.bytes) + RefusedRequest.all.map(\.bytes) {
            for count in 0...bytes.count {
                let beginning = Array(bytes.prefix(count))
                #expect(memory.parseAtEnd(beginning) == parse(beginning))
            }
        }
    }

    /// Fragments that mean something to the grammar, in random order: more of them hit an edge than random bytes do.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random fragments are read alike, however they arrive`(seed: UInt64) throws {
        let fragments = [
            "GET", "HEAD", "PRI", " ", " ", "/", "/metrics", "*", "?", "#", "http://", "x", " HTTP/1.1\r\n",
            " HTTP/1.0\r\n",
            " HTTP/2.0", "\r\n", "\r\n", "\r", "\n", "\t", ":", ",", "Host: x\r\n", "Connection: close\r\n",
            "Content-Length: ",
            "5", "99999", "Accept: text/plain;q=0.5,", "Accept-Encoding: gzip\r\n", "Authorization: Basic YTpi\r\n",
            "\"",
            "X-Prometheus-Scrape-Timeout-Seconds: 1.5\r\n", "Transfer-Encoding: chunked\r\n", "Expect: ", "\0",
            "\u{E9}", "GET / HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        ]
        var random = SplitMix64(seed: seed)
        for _ in 0..<150 {
            let count = Int.random(in: 1...10, using: &random)
            let pieces = (0..<count).map { _ in fragments[Int.random(in: fragments.indices, using: &random)] }
            _ = try readEveryWay(Array(pieces.joined().utf8))
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `requests with random faults are read alike, however they arrive`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<60 {
            let original = AcceptedRequest.all[Int.random(in: AcceptedRequest.all.indices, using: &random)].bytes
            _ = try readEveryWay(withFault(original, &random))
        }
    }

    /// A request line of a method alone, such as `GET` CR LF in one segment, once ended the whole process: the target's range began
    /// behind the line's end.
    @Test(arguments: ["GET\r\n", "GET\r\nHost: x\r\n\r\n", "X\r\n", "\r\n\r\n", "\r\nGET\r\n"])
    func `a request line without a target is malformed`(text: String) throws {
        #expect(try readEveryWay(Array(text.utf8)) == .malformed(.badRequest))
    }

    /// In `http://x?a=/b` the path was once taken from behind the question mark, and a target that ends after the host had none,
    /// so that it was not found.
    @Test(arguments: ["http://x", "http://x:9091", "http://x?", "http://x?a", "HTTPS://x?a=/metrics", "http://x?/"])
    func `an absolute target without a path means the root`(target: String) throws {
        let bytes = Array("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        guard case .complete(let request) = try readEveryWay(bytes) else {
            Issue.record("not complete")
            return
        }
        #expect(String(decoding: bytes[request.path], as: UTF8.self) == "/")
    }

    private func withFault(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        let position = Int.random(in: bytes.indices, using: &random)
        switch random.next() % 4 {
        case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.insert([0x00, 0x09, 0x0A, 0x0D, 0x20, 0x3A][Int(random.next() % 6)], at: position)
        case 2: bytes.remove(at: position)
        default: bytes.swapAt(position, Int.random(in: bytes.indices, using: &random))
        }
        return bytes
    }
}
