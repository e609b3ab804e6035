import Bytes

/// The head that was read last, and what it said. A scraper sends the same bytes each time, and comparing them takes a small part of
/// the work of reading them.
///
/// A head with an Authorization header is not kept: no secret stays here.
public struct RecentHead: ~Copyable {
    /// Heads that are longer are read each time.
    static let longestBytes = 1024

    private var bytes = ByteBuffer(capacity: RecentHead.longestBytes)
    private var request: Request?
    /// Goes up whenever another head takes its place; 0 while there is none.
    public private(set) var number: UInt64 = 0

    /// None yet.
    public init() {}

    /// Whether the input begins with the same head.
    public func begins(_ input: Span<UInt8>) -> Bool { number > 0 && bytes.withBytes { input.hasPrefix($0) } }

    /// Reads one request head as `parseRequest` does, with the same result.
    public mutating func parse(_ input: Span<UInt8>, previousCount: Int = 0) -> ParseResult {
        if let request, begins(input) { return .complete(request) }
        let result = parseRequest(input, previousCount: previousCount)
        if case .complete(let request) = result { keep(request, input) }
        return result
    }

    private mutating func keep(_ request: Request, _ input: Span<UInt8>) {
        guard request.authorization == nil, request.headLength <= RecentHead.longestBytes else { return }
        bytes.removeAll()
        bytes.append(input.extracting(0..<request.headLength))
        self.request = request
        number += 1
    }
}
