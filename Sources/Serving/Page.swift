import Bytes
import Gzip
import HTTP

/// One page's bytes, and who needs them.
struct Page: ~Copyable {
    enum Use: Equatable {
        /// Everybody who asks for the form at that generation is given it.
        case shared(PageForm, UInt64)
        /// It goes when its readers have it: made for one request, or replaced by a newer one.
        case passing
    }

    private var bytes: ByteBuffer
    private(set) var use: Use
    /// Grows with each page that is begun or read: the lowest has been left alone for longest.
    private(set) var number: UInt64
    /// That with which it was begun.
    private(set) var begunNumber: UInt64
    /// Connections that have not taken all of it.
    var readers = 0

    init(_ bytes: consuming ByteBuffer, _ use: Use, number: UInt64 = 0) {
        self.bytes = bytes
        self.use = use
        self.number = number
        begunNumber = number
    }

    var capacity: Int { bytes.capacity }
    /// Nobody needs it.
    var isSpare: Bool { use == .passing && readers == 0 }

    mutating func begin(_ use: Use, number: UInt64) {
        bytes.removeAll()
        self.use = use
        self.number = number
        begunNumber = number
    }

    /// A reader has taken some of it.
    mutating func read(number: UInt64) { self.number = number }

    /// Stops sharing a page that another one of the same form replaces, or of a selection at another generation.
    mutating func stopSharing(_ form: PageForm, _ generation: UInt64) {
        guard case .shared(let own, let made) = use else { return }
        if own == form || own.selection != nil && made != generation { use = .passing }
    }

    /// It is shared by those who ask for its selection at a generation.
    func sharesSelection(_ generation: UInt64) -> Bool {
        if case .shared(let form, generation) = use { form.selection != nil } else { false }
    }

    mutating func write<Content: Publisher & ~Copyable>(
        content: inout Content, _ document: Document, _ selection: Content.Selection?
    ) {
        content.write(document, selecting: selection, into: &bytes)
        precondition(!bytes.overflowed)
    }

    /// False if it does not fit, and then nobody is given it.
    mutating func compress(_ plain: Span<UInt8>, with compressor: inout GzipCompressor) -> Bool {
        let fits = compressor.compress(plain, into: &bytes)
        if !fits { use = .passing }
        return fits
    }

    /// Lends the bytes in one piece with a head before them; nil if that is too long.
    mutating func withBytes<Result>(after head: Span<UInt8>, _ use: (Span<UInt8>) -> Result) -> Result? {
        bytes.withBytes(after: head, use)
    }

    func withBytes<Result>(from offset: Int, _ use: (Span<UInt8>) -> Result) -> Result {
        bytes.withBytes { all in use(all.extracting(offset..<all.count)) }
    }
}

/// What makes a shared page different from others of the same content.
struct PageForm: Equatable {
    let document: Document
    let coding: ContentCoding
    /// Which families of metrics are shown; nil means all.
    let selection: UInt128?
}

extension ExpositionFormat {
    /// The format whose pages are the same: OpenMetrics' versions differ in nothing but the head of the response.
    var body: ExpositionFormat { self == .openMetrics001 ? .openMetrics100 : self }
}

extension Publisher where Self: ~Copyable {
    /// The buffer for a document as the content is now.
    func pageCapacity(_ document: Document) -> Int {
        let needed = max(1, pageBytes(document))
        let steps = (needed + Pages.stepBytes - 1) / Pages.stepBytes * Pages.stepBytes
        return min(steps, max(needed, longestPageBytes(document)))
    }
}
