/// Every limit on what a client may send or take, in one place.
public enum Limits {
    /// Request line and headers together, with the empty line; more is answered 431.
    public static let headBytes = 16 * 1024
    /// The request target; more is answered 414.
    public static let targetBytes = 8 * 1024
    /// Header lines; more is answered 431.
    public static let headers = 100
    /// The method's name; a longer one is unknown, 501.
    public static let methodBytes = 32
    /// Values of one parameter that are taken from a query; later ones are passed over.
    public static let queryValues = 64
    /// A parameter's name or value, decoded; a longer one is passed over.
    public static let queryValueBytes = 256
    /// The scrape timeout that a client may announce, a day; a longer one says nothing.
    public static let scrapeTimeoutMilliseconds: UInt64 = 86_400_000
    /// A request's body, which is read and thrown away; more is answered 413.
    public static let bodyBytes = 16 * 1024
    /// The user's name, and the password, of an Authorization header; longer ones are refused.
    public static let credentialBytes = 256

    /// From a request's first byte to the end of its head; then 408.
    public static let headerSeconds: UInt64 = 10
    /// Without any byte between two requests; then the connection is closed.
    public static let idleSeconds: UInt64 = 120
    /// Without progress while a response is being sent; then the connection is reset.
    public static let writeStallSeconds: UInt64 = 10
    /// Without progress while a stream has something to take; then the connection is reset.
    public static let streamStallSeconds: UInt64 = 60
    /// For the peer to read an error response and close, before we do.
    public static let lingerSeconds: UInt64 = 2
    /// For responses under way when the program ends.
    public static let drainSeconds: UInt64 = 5

    /// Streams at a time; a further one is answered 503.
    public static let streams = 8
    /// Frames sent to one stream before others get their turn.
    public static let framesPerTurn = 4
    /// Requests answered on one connection before others get their turn.
    public static let requestsPerTurn = 4
    /// A head counts as one more of these for each time that it is as long as this.
    public static let shortHeadBytes = 2 * 1024
    /// Connections ended for being out of time before others get their turn: the kernel frees their buffers meanwhile.
    public static let expirationsPerTurn = 16
    /// Connections accepted before others get their turn.
    public static let acceptsPerTurn = 32
    /// The same in a turn whose time others took, or with a table that others fill.
    public static let acceptsPerFullTurn = 16
    /// A client with more connections than that is a crowd, whose new connections come after those of others.
    public static let fewConnections = 4
    /// How long clients are served before what has become ready meanwhile is asked for.
    public static let turnNanoseconds: UInt64 = 2_000_000
}
