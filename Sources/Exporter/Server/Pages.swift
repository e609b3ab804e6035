import Bytes
import Gzip
import HTTP
import Metrics

/// Which of the pages is meant: one for each exposition, and one for a request that selects families, each also compressed.
struct PageSlot: Equatable {
    static let count = (Exposition.allCases.count + 1) * 2

    let index: Int

    /// - Parameter exposition: nil means the page that was made for one request alone.
    init(_ exposition: Exposition?, isGzip: Bool) {
        index = (exposition?.rawValue ?? Exposition.allCases.count) * 2 + (isGzip ? 1 : 0)
    }

    var isGzip: Bool { index % 2 == 1 }
}

/// The metrics in each form that was asked for: encoded and compressed once per sample, then shared by all scrapes until the
/// next one.
///
/// A form's memory is allocated when it is first asked for, so that a server whose clients all speak one form holds one page.
struct Pages: ~Copyable {
    private let capacities: InlineArray<3, Int>
    private let showsCreated: Bool
    private var pages = InlineArray<8, ByteBuffer?> { _ in nil }
    /// The sample that each page shows; 0 for none.
    private var generations = InlineArray<8, UInt64>(repeating: 0)
    private var compressor: GzipCompressor?

    /// - Parameter reserveBytes: room for what the registry's texts can grow by.
    init(_ registry: borrowing Registry, reserveBytes: Int, showsCreated: Bool) {
        precondition(PageSlot.count == 8)
        capacities = [
            registry.longestPageBytes(.text) + reserveBytes,
            registry.longestPageBytes(.openMetrics) + reserveBytes,
            registry.longestPageBytes(.protobuf) + reserveBytes,
        ]
        self.showsCreated = showsCreated
    }

    /// The longest page that there is room for.
    func capacity(_ exposition: Exposition) -> Int { capacities[exposition.rawValue] }

    var longestCapacity: Int {
        Exposition.allCases.reduce(0) { max($0, capacity($1)) }
    }

    /// Makes a page, unless it is there and shows the sample already.
    ///
    /// - Parameter families: those to show; nil means all, whose pages are shared.
    /// - Returns: the page; not a compressed one where there is no memory for a compressor.
    mutating func prepare(
        _ representation: Representation, selecting families: FamilySelection?, generation: UInt64,
        _ registry: borrowing Registry
    ) -> PageSlot {
        let exposition = Exposition(representation.format)
        let shared = families == nil ? exposition : nil
        let plain = PageSlot(shared, isGzip: false)
        if shared == nil || generations[plain.index] != generation {
            var page = take(plain, shared)
            registry.encode(exposition, selecting: families ?? .all, showsCreated: showsCreated, into: &page)
            precondition(!page.overflowed)
            pages[plain.index] = consume page
            generations[plain.index] = generation
        }
        guard representation.coding == .gzip else { return plain }
        let compressed = PageSlot(shared, isGzip: true)
        if shared == nil || generations[compressed.index] != generation {
            guard compress(plain, into: compressed, shared) else { return plain }
            generations[compressed.index] = generation
        }
        return compressed
    }

    /// Lends a page that was prepared.
    func withPage<Result>(_ slot: PageSlot, _ use: (Span<UInt8>) -> Result) -> Result {
        switch pages[slot.index] {
        case .some(let page): page.withBytes(use)
        case .none: preconditionFailure()
        }
    }

    /// The empty buffer of a page.
    private mutating func take(_ slot: PageSlot, _ exposition: Exposition?) -> ByteBuffer {
        let capacity = exposition.map { capacities[$0.rawValue] } ?? longestCapacity
        var page = pages[slot.index].take() ?? ByteBuffer(capacity: capacity)
        page.removeAll()
        return page
    }

    private mutating func compress(_ plain: PageSlot, into slot: PageSlot, _ exposition: Exposition?) -> Bool {
        guard var compressor = compressor.take() ?? GzipCompressor() else { return false }
        var output = take(slot, exposition)
        let fits = withPage(plain) { page in compressor.compress(page, into: &output) }
        pages[slot.index] = consume output
        self.compressor = consume compressor
        return fits
    }
}

extension Exposition {
    init(_ format: ExpositionFormat) {
        switch format {
        case .text: self = .text
        case .openMetrics001, .openMetrics100: self = .openMetrics
        case .protobuf: self = .protobuf
        }
    }
}
