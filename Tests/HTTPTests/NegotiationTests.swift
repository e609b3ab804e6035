import HTTP
import TestSupport
import Testing

@Suite struct NegotiationTests {
    @Test(arguments: AcceptCase.all)
    func `a client gets the format that it asks for, however it asks`(accept: AcceptCase) throws {
        let representation = try negotiated(accept.lines.map { "Accept: \($0)" })
        #expect(representation.format == accept.format)
        #expect(representation.namesEscaping == accept.namesEscaping)
        #expect(representation.coding == .identity)
    }

    @Test func `the name of the header has no case, and only its own lines count`() throws {
        let wish = "application/openmetrics-text"
        #expect(try negotiated(["ACCEPT:\(wish)"]).format == .openMetrics100)
        #expect(try negotiated(["accept: \(wish)"]).format == .openMetrics100)
        #expect(try negotiated(["Accepts: \(wish)", "Accep: \(wish)", "Accept-Charset: \(wish)"]).format == .text)
        let others = ["Accept-Language: de, *;q=0.5", "Expect: 100-continue"]
        #expect(try negotiated(others + ["Accept: \(wish)"] + others).format == .openMetrics100)
    }

    /// Any list may come in several lines (RFC 9110 section 5.3). None of these ranges has a comma in quotes.
    @Test(arguments: AcceptCase.all.filter { $0.lines.count == 1 && !($0.lines.first ?? "").contains("\"") })
    func `a list means the same on one line and on many`(accept: AcceptCase) throws {
        let elements = accept.lines[0].split(separator: ",", omittingEmptySubsequences: false)
        let representation = try understood(Self.bytes(elements.map { "Accept: \($0)" })).representation
        #expect(representation.format == accept.format)
        #expect(representation.namesEscaping == accept.namesEscaping)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random ranges are answered as the rules say`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let ranges = (0..<Int.random(in: 1...6, using: &random)).map { _ in Self.range(&random) }
            let expected = AcceptModel(ranges: ranges).answer
            let request = try understood(Self.bytes(["Accept: " + ranges.joined(separator: ",")]))
            #expect(request.representation.format == expected.format, "\(ranges)")
            #expect(request.representation.namesEscaping == expected.namesEscaping, "\(ranges)")
        }
    }

    /// As many as a head has room for: the first and the last count like all others.
    @Test func `thousands of ranges are read to the last`() throws {
        let many = String(repeating: "a/b;q=1,", count: 2000)
        #expect(many.utf8.count > 15_000)
        let first = try understood(Self.bytes(["Accept: application/openmetrics-text;version=0.0.1," + many]))
        #expect(first.representation.format == .openMetrics001)
        let last = try understood(Self.bytes(["Accept: " + many + "application/openmetrics-text;version=0.0.1"]))
        #expect(last.representation.format == .openMetrics001)
    }

    @Test(
        arguments: [
            (["gzip"], .gzip), (["GZip"], .gzip), (["x-gzip"], .gzip), (["*"], .gzip), (["gzip;q=0.001"], .gzip),
            (["gzip, deflate, br"], .gzip), (["gzip, deflate, br, zstd"], .gzip),
            (["deflate, gzip;q=1.0, *;q=0.5"], .gzip),
            (["br;q=1.0, gzip;q=0.8, *;q=0.1"], .gzip), (["zstd,gzip"], .gzip), (["identity, gzip"], .gzip),
            (["gzip;q=0.5, identity;q=0.5"], .gzip), (["identity;q=0.5, *"], .gzip), (["identity;q=0, *"], .gzip),
            (["identity;q=0, gzip;q=0.1"], .gzip), (["*;q=0, gzip"], .gzip), (["*;q=0.1"], .gzip),
            (["gzip;x=y"], .gzip),
            (["gzip;q=0.1, x-gzip;q=0.9, identity;q=0.5"], .gzip), (["deflate", "gzip"], .gzip), (["", "gzip"], .gzip),
            (["identity;q=0.5", "gzip;q=0.6"], .gzip),
            ([], .identity), ([""], .identity), ([","], .identity), (["identity"], .identity),
            (["gzip;q=0"], .identity),
            (["gzip;q=0.000, *"], .identity), (["x-gzip;q=0, gzip"], .identity), (["gzip", "gzip;q=0"], .identity),
            (["deflate, br, zstd, compress"], .identity), (["*;q=0"], .identity), (["identity;q=0"], .identity),
            (["identity;q=0, gzip;q=0"], .identity), (["identity, gzip;q=0.9"], .identity),
            (["gzip;q=0.5, *"], .identity),
            (["gzip;q=x"], .identity), (["gzip;q=1.5"], .identity), (["gzip;q"], .identity), (["gzipped"], .identity),
            (["\"gzip\""], .identity), (["gzip gzip"], .identity), ([";gzip"], .identity),
            (["deflate\", gzip"], .identity),
        ] as [([String], ContentCoding)])
    func `a body is compressed where that is wanted no less than the bare one`(
        lines: [String], coding: ContentCoding
    ) throws {
        let representation = try negotiated(lines.map { "Accept-Encoding: \($0)" })
        #expect(representation == Representation(format: .text, namesEscaping: false, coding: coding))
    }

    @Test func `format and coding are chosen apart`() throws {
        let lines = ["Accept-Encoding: gzip", "Accept: application/openmetrics-text;escaping=dots;q=0.3"]
        let expected = Representation(format: .openMetrics100, namesEscaping: true, coding: .gzip)
        #expect(try negotiated(lines) == expected)
        #expect(try negotiated(lines.reversed()) == expected)
    }

    /// Prometheus 3 fails a scrape whose media type it does not know, and reads the parameters of none.
    @Test(
        arguments: [
            (.text, "text/plain; version=0.0.4; charset=utf-8"),
            (.openMetrics100, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
            (.openMetrics001, "application/openmetrics-text; version=0.0.1; charset=utf-8"),
            (
                .protobuf,
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            ),
        ] as [(ExpositionFormat, String)])
    func `each format has its content type`(format: ExpositionFormat, type: String) {
        #expect("\(Representation(format: format).contentType)" == type)
        let escaping = Representation(format: format, namesEscaping: true)
        #expect("\(escaping.contentType)" == type + "; escaping=underscores")
    }

    /// The content type of each format, sent as Accept, asks for that format.
    @Test(arguments: ExpositionFormat.allCases)
    func `a content type means its own format`(format: ExpositionFormat) throws {
        for namesEscaping in [false, true] {
            let representation = Representation(format: format, namesEscaping: namesEscaping)
            #expect(try negotiated(["Accept: \(representation.contentType)"]) == representation)
        }
    }

    private static func range(_ random: inout SplitMix64) -> String {
        let types = [
            "text/plain", "text/plain", "text/*", "*/*", "application/*", "application/openmetrics-text",
            "Application/OpenMetrics-text", "application/vnd.google.protobuf", "application/json", "text",
        ]
        let parameters = [
            "version=0.0.4", "version=1.0.0", "version=0.0.1", "version=2", "version=1.0.0", "escaping=allow-utf-8",
            "charset=utf-8", "encoding=delimited", "encoding=text", "proto=io.prometheus.client.MetricFamily",
            "proto=x",
            "q=0", "q=0.5", "q=0.5", "q=0.25", "q=1", "q=0.125", "q=1.5", "q=", "q", "Q=0.75",
        ]
        let chosen = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            parameters[Int.random(in: parameters.indices, using: &random)]
        }
        return ([types[Int.random(in: types.indices, using: &random)]] + chosen).joined(separator: ";")
    }

    private static func bytes(_ headers: [String]) -> [UInt8] {
        Array("GET /metrics HTTP/1.1\r\nHost: x\r\n\(headers.map { $0 + "\r\n" }.joined())\r\n".utf8)
    }

    private func negotiated(_ headers: [String]) throws -> Representation {
        guard case .complete(let request) = try readEveryWay(Self.bytes(headers)) else { throw NotUnderstood() }
        return request.representation
    }

    private func understood(_ bytes: [UInt8]) throws -> Request {
        guard case .complete(let request) = parse(bytes) else { throw NotUnderstood() }
        return request
    }

    private struct NotUnderstood: Error {}
}
