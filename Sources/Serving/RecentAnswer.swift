import HTTP

/// What the recent head was answered. Until something changes that the answer depends on, whoever sends the same head is answered the
/// same.
///
/// It holds numbers of what it depends on, so that nothing has to be told to forget it.
struct RecentAnswer {
    /// The head: see `RecentHead.number`. 0 where there is no answer that others may be sent.
    private(set) var head: UInt64 = 0
    /// The response's own head: see `Responses.headNumber`.
    private(set) var responseHead: UInt64 = 0
    /// The content that its page shows.
    private(set) var generation: UInt64 = 0
    private(set) var headLength = 0
    private(set) var bodyLength = 0
    private(set) var scrapeTimeoutMilliseconds: UInt64?
    private(set) var response = Response(status: .ok)

    /// None.
    init() {}

    init(_ response: Response, to request: Request, head: UInt64, responseHead: UInt64) {
        guard let generation = response.generation else { return }
        self.head = head
        self.responseHead = responseHead
        self.generation = generation
        headLength = request.headLength
        bodyLength = request.bodyLength
        scrapeTimeoutMilliseconds = request.scrapeTimeoutMilliseconds
        self.response = response
    }
}
