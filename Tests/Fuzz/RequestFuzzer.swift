import Bytes
import HTTP

/// Feeds any bytes to the request parser and checks what must hold for all of them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count).span
    let whole = parseRequest(bytes)
    check(whole, bytes)
    precondition(answerInPieces(bytes, upTo: min(count, 512)) == answer(of: bytes, upTo: min(count, 512)))
    return 0
}

/// Ranges lie inside the bytes, and the limits hold.
private func check(_ result: ParseResult, _ bytes: Span<UInt8>) {
    switch result {
    case .incomplete: precondition(bytes.count < Limits.headBytes)
    case .malformed: break
    case .complete(let request):
        precondition(request.headLength > 0 && request.headLength <= min(bytes.count, Limits.headBytes))
        precondition(request.path.lowerBound >= 0 && request.path.upperBound <= request.headLength)
        precondition(request.bodyLength >= 0 && request.bodyLength <= Limits.bodyBytes)
        precondition(request.path.isEmpty || bytes[request.path.lowerBound] == UInt8(ascii: "/"))
        checkQuery(request, bytes)
        if let authorization = request.authorization {
            precondition(authorization.lowerBound > request.query.upperBound)
            precondition(authorization.upperBound < request.headLength)
        }
        if let timeout = request.scrapeTimeoutMilliseconds {
            precondition(timeout > 0 && timeout <= Limits.scrapeTimeoutMilliseconds)
        }
    }
}

/// The query lies behind the path and its question mark, and what is decoded of it is bounded.
private func checkQuery(_ request: Request, _ bytes: Span<UInt8>) {
    let query = request.query
    precondition(query.lowerBound >= request.path.upperBound && query.upperBound < request.headLength)
    precondition(query.isEmpty || bytes[query.lowerBound - 1] == UInt8(ascii: "?"))
    var count = 0
    forEachQueryValue(of: "name[]", in: bytes.extracting(query)) { value in
        precondition(value.count <= min(Limits.queryValueBytes, query.count))
        count += 1
    }
    precondition(count <= Limits.queryValues)
}

/// The first answer that is not "incomplete" to ever longer beginnings, as a peer that sends byte by byte gets it.
private func answerInPieces(_ bytes: Span<UInt8>, upTo limit: Int) -> ParseResult {
    var previous = 0
    for count in 0...limit {
        let result = parseRequest(bytes.extracting(0..<count), previousCount: previous)
        if result != .incomplete { return result }
        previous = count
    }
    return .incomplete
}

/// The same without the shortcut for what was seen before.
private func answer(of bytes: Span<UInt8>, upTo limit: Int) -> ParseResult {
    for count in 0...limit {
        let result = parseRequest(bytes.extracting(0..<count))
        if result != .incomplete { return result }
    }
    return .incomplete
}
