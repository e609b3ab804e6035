import HTTP
import Testing

@Suite struct QueryTests {
    @Test(arguments: [
        ("/metrics", ""), ("/metrics?", ""), ("/metrics?a", "a"), ("/metrics?a=b&c", "a=b&c"), ("/metrics?a?b", "a?b"),
        ("/metrics?a/b?c", "a/b?c"), ("/?", ""), ("/%3Fa?b", "b"), ("http://x?a=/b", "a=/b"), ("http://x/m?a", "a"),
        ("http://x:9091", ""), ("/metrics?name%5B%5D=a", "name%5B%5D=a"),
    ])
    func `a query is what follows the first question mark`(target: String, query: String) throws {
        let bytes = Array("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        guard case .complete(let request) = try readEveryWay(bytes) else {
            Issue.record("not complete")
            return
        }
        #expect(String(decoding: bytes[request.query], as: UTF8.self) == query)
    }

    @Test(arguments: ["OPTIONS *", "CONNECT a?b:1", "POST /metrics"])
    func `a request without a path has no query that is read`(start: String) {
        let bytes = Array("\(start) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        guard case .complete(let request) = parse(bytes) else {
            Issue.record("not complete")
            return
        }
        #expect(request.query.upperBound <= request.headLength)
    }

    @Test(
        arguments: [
            ("", []), ("name[]", [""]), ("name[]=", [""]), ("name[]=a", ["a"]), ("name[]=a&name[]=b", ["a", "b"]),
            ("name%5B%5D=a", ["a"]), ("name%5b%5d=a&x=y&name[]=b", ["a", "b"]), ("%6eame[]=a", ["a"]),
            ("name[]=a%20b+c", ["a b c"]), ("name[]=%2B", ["+"]), ("name[]=%C3%A9", ["\u{E9}"]),
            ("name[]=a=b", ["a=b"]),
            ("name[]=a;name[]=b", ["a;name[]=b"]), ("name[]=a%26b", ["a&b"]), ("&&name[]=a&&", ["a"]), ("=a", []),
            ("name=a", []), ("Name[]=a", []), ("names[]=a", []), ("name[=a", []), ("x=name[]=a", []), ("name[]x=a", []),
            ("name[]=%", []), ("name[]=%4", []), ("name[]=%4&name[]=b", ["b"]), ("name[]=%zz&name[]=b", ["b"]),
            ("name[]=%%41", []), ("name[]=%4g", []), ("name[]=%+1", []), ("name%=a&name[]=b", ["b"]),
            ("name[]=%00", ["\0"]),
        ] as [(String, [String])])
    func `the values of a parameter are decoded in order`(query: String, values: [String]) {
        #expect(self.values(of: query) == values)
    }

    @Test func `of many values the first 64 are taken`() {
        let query = (0..<100).map { "x=y&name[]=\($0)" }.joined(separator: "&")
        #expect(values(of: query) == (0..<Limits.queryValues).map(String.init))
    }

    @Test func `a value that is too long is passed over and counts for nothing`() {
        let longest = String(repeating: "a", count: Limits.queryValueBytes)
        #expect(values(of: "name[]=\(longest)") == [longest])
        #expect(values(of: "name[]=\(longest)a&name[]=b") == ["b"])
        let escaped = String(repeating: "%61", count: Limits.queryValueBytes)
        #expect(values(of: "name[]=\(escaped)") == [longest])
        #expect(values(of: "name[]=\(escaped)%61&name[]=b") == ["b"])
        let refused = String(repeating: "name[]=\(longest)a&", count: 20) + String(repeating: "name[]=%&", count: 200)
        #expect(values(of: refused + "name[]=b") == ["b"])
        #expect(values(of: "\(longest)a=1&name[]=b") == ["b"])
    }

    private func values(of query: String) -> [String] {
        let bytes = Array(query.utf8)
        var values: [String] = []
        forEachQueryValue(of: "name[]", in: bytes.span) { value in
            values.append(String(decoding: value.indices.map { value[$0] }, as: UTF8.self))
        }
        return values
    }
}
