public import Bytes

/// Who makes the documents that are served. Serving knows no more of their content than this.
///
/// Everything is called from the loop and must not wait, and allocate only where what is shown has come or gone.
public protocol Publisher: ~Copyable {
    /// Some of the families of metrics, chosen by name.
    associatedtype Selection

    /// What is published has its first values.
    var isReady: Bool { get }

    /// Brings the content up to date for a request at a moment of the monotonic clock, in nanoseconds.
    ///
    /// - Returns: the generation of the content, never 0; documents of an equal one are equal.
    mutating func refresh(_ facts: ServingFacts, at now: UInt64) -> UInt64

    /// The generation that `refresh` would return without having anything to do; nil if it would have.
    func standingGeneration(at now: UInt64) -> UInt64?

    /// Adds the families that a `name[]` parameter asks for to a selection; nil is one that nothing has been asked of.
    func select(_ name: Span<UInt8>, into selection: inout Selection?)

    /// What tells a selection from others, equal for equal ones; nil for one of everything, whose page is the whole one.
    func key(_ selection: Selection) -> UInt128?

    /// The most bytes that a document can have as the content is now; it may grow later, up to `longestPageBytes`.
    func pageBytes(_ document: Document) -> Int

    /// The most bytes that a document can ever have.
    func longestPageBytes(_ document: Document) -> Int

    /// The most bytes that a frame of the stream can have as the content is now.
    var frameBytes: Int { mutating get }

    /// Writes a frame into an empty buffer with room for `frameBytes`: a line, with its end, of what has just happened.
    mutating func writeFrame(into frame: inout ByteBuffer)

    /// Writes a document into an empty buffer with room for `pageBytes`; of metrics, without a selection, all of them.
    mutating func write(_ document: Document, selecting selection: Selection?, into page: inout ByteBuffer)
}
