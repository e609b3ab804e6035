import Bytes
import Gzip
import HTTP

/// The rest of a page that a connection still has to send. It must be given back, or the page is kept for it.
struct PageLoan {
    fileprivate let slot: Slot
    fileprivate var offset: Int

    /// So many more bytes were sent.
    mutating func advance(by count: Int) { offset += count }
}

/// Pages in each form that was asked for: written and compressed once for each generation of the content, then shared by all
/// who ask for that form, and lent to those who take them slowly.
///
/// A page that somebody still reads is not written over: the next generation goes into another buffer. Buffers that nobody
/// uses any more are used again, so that serving allocates nothing once all is warm.
struct Pages: ~Copyable {
    /// Pages that were replaced while clients still read them have so many bytes together, or those of `retainedPages` where these
    /// are longer. Beyond that, the one that nobody has read from for longest is taken from its readers.
    static let retainedBytes = 1 << 20
    static let retainedPages = 8
    /// The head of a response has room before a page, so that the kernel is given one piece; a longer one is a piece of its own.
    static let headBytes = 512
    /// Buffers grow by steps of so many bytes.
    static let stepBytes = 16 * 1024
    /// Buffers that nobody uses are kept up to so many.
    private static let spareLimit = 4
    /// So many pages of selections are shared; those of further ones are made for one request each.
    static let sharedSelections = 8

    private var pages = SlotTable<Page>(capacity: 64)
    /// Counts what happens to pages: a page's number tells when it was begun or last read from.
    private var events: UInt64 = 0
    private var compressor: GzipCompressor?
    private var hasMade = false
    private let inPlace = InPlace()

    /// A whole document in a coding, if it is there already.
    func wholePage(_ document: Document, _ coding: ContentCoding, generation: UInt64) -> Slot? {
        find(PageForm(document: document.body, coding: coding, selection: nil), generation)
    }

    /// A document in a coding, written now unless it is there already.
    ///
    /// - Parameter selection: the families of metrics to show; nil means all.
    /// - Returns: the page, and how it is coded: not compressed where there is no memory for a compressor.
    mutating func page<Content: Publisher & ~Copyable>(
        _ document: Document, _ coding: ContentCoding, selecting selection: Content.Selection?, generation: UInt64,
        _ content: inout Content
    ) -> (slot: Slot, coding: ContentCoding) {
        let key = selection.flatMap { content.key($0) }
        let form = PageForm(document: document.body, coding: coding, selection: key)
        if let slot = find(form, generation) { return (slot, form.coding) }
        hasMade = true
        let plain = plainPage(for: form, key == nil ? nil : selection, generation, &content)
        guard form.coding == .gzip, let slot = compress(plain, as: shareable(form, generation), generation) else {
            return (plain, .identity)
        }
        return (slot, .gzip)
    }

    /// The page before it is compressed. That of a selection is not kept where only the compressed one was asked for.
    private mutating func plainPage<Content: Publisher & ~Copyable>(
        for form: PageForm, _ selection: Content.Selection?, _ generation: UInt64, _ content: inout Content
    ) -> Slot {
        let plain = PageForm(document: form.document, coding: .identity, selection: form.selection)
        if let slot = find(plain, generation) { return slot }
        let isShared = form.selection == nil || form.coding == .identity
        let slot = claim(
            content.pageCapacity(form.document), isShared ? shareable(plain, generation) : nil, generation)
        pages[index: slot.index]?.write(content: &content, form.document, selection)
        return slot
    }

    /// Whether a page was written or compressed since the last question.
    mutating func takeHasMade() -> Bool {
        defer { hasMade = false }
        return hasMade
    }

    /// Tells a page from those that were or will be in the same place.
    func number(_ slot: Slot) -> UInt64 { look(at: slot.index) { $0.begunNumber } ?? 0 }

    /// Lends the bytes of a page from an offset on; none without a page.
    func withBytes<Result>(_ slot: Slot?, from offset: Int = 0, _ use: (Span<UInt8>) -> Result) -> Result {
        guard let slot else {
            let none = InlineArray<1, UInt8>(repeating: 0)
            return use(none.span.extracting(0..<0))
        }
        switch pages[slot] {
        case .some(let page): return page.withBytes(from: offset, use)
        case .none: preconditionFailure()
        }
    }

    /// Lends the head of a response and a page, in one piece if the head has room before the page, else in two.
    mutating func withBytes<Result>(
        _ slot: Slot?, after head: Span<UInt8>, _ use: (Span<UInt8>, Span<UInt8>) -> Result
    ) -> Result {
        guard let slot else { return use(head, head.extracting(0..<0)) }
        let joined = pages[index: slot.index]?.withBytes(after: head) { use($0, $0.extracting(0..<0)) }
        return joined ?? withBytes(slot) { use(head, $0) }
    }

    /// Keeps a page for a connection that has taken the first bytes of it.
    mutating func lend(_ slot: Slot, from offset: Int) -> PageLoan {
        pages[index: slot.index]?.readers += 1
        return PageLoan(slot: slot, offset: offset)
    }

    /// The page is still there; otherwise its readers took too long.
    func holds(_ loan: PageLoan) -> Bool { pages.contains(loan.slot) }

    /// Lends the bytes that a connection still has to send; none without a loan. The page must be there.
    func withBytes<Result>(of loan: PageLoan?, _ use: (Span<UInt8>) -> Result) -> Result {
        withBytes(loan?.slot, from: loan?.offset ?? 0, use)
    }

    /// A connection has taken some of a page that it was lent.
    mutating func markRead(_ loan: PageLoan?) {
        guard let loan, pages.contains(loan.slot) else { return }
        events += 1
        pages[index: loan.slot.index]?.read(number: events)
    }

    /// The connection needs the page no more.
    mutating func giveBack(_ loan: PageLoan?) {
        guard let loan, pages.contains(loan.slot) else { return }
        pages[index: loan.slot.index]?.readers -= 1
        if isSpare(loan.slot.index), count(where: { $0.isSpare }) > Pages.spareLimit { pages.remove(loan.slot) }
    }
}

/// Which buffer a page is written into.
extension Pages {
    /// The page that is shared under a form, if it is of a generation.
    private func find(_ form: PageForm, _ generation: UInt64) -> Slot? {
        for index in pages.indices where look(at: index, { $0.use == .shared(form, generation) }) == true {
            return pages.slot(at: index)
        }
        return nil
    }

    /// The form under which a new page is shared; nil where there is no room for one more selection.
    private func shareable(_ form: PageForm, _ generation: UInt64) -> PageForm? {
        guard form.selection != nil else { return form }
        return count(where: { $0.sharesSelection(generation) }) < Pages.sharedSelections ? form : nil
    }

    /// Empties a buffer that nobody uses, or makes one, for a page that is shared under a form from now on; without a form it is
    /// for one request alone.
    private mutating func claim(_ capacity: Int, _ form: PageForm?, _ generation: UInt64) -> Slot {
        if let form { replace(form, generation) }
        events += 1
        let use = form.map { Page.Use.shared($0, generation) } ?? .passing
        if let slot = smallestSpare(capacity) {
            pages[index: slot.index]?.begin(use, number: events)
            return slot
        }
        makeRoom(for: capacity)
        let buffer = ByteBuffer(capacity: capacity, headroom: Pages.headBytes)
        guard let slot = pages.insert(Page(buffer, use, number: events)) else { preconditionFailure() }
        return slot
    }

    /// Nobody else is given the page that was shared under a form, nor any of a selection that is out of date.
    private mutating func replace(_ form: PageForm, _ generation: UInt64) {
        for index in pages.indices { pages[index: index]?.stopSharing(form, generation) }
    }

    private func smallestSpare(_ capacity: Int) -> Slot? {
        var best: (index: Int, capacity: Int)?
        for index in pages.indices where isSpare(index) {
            guard let own = look(at: index, { $0.capacity }), own >= capacity else { continue }
            if best.map({ own < $0.capacity }) ?? true { best = (index, own) }
        }
        return best.flatMap { pages.slot(at: $0.index) }
    }

    /// Frees what is too small, and takes pages from readers that are slow until what is retained keeps its limit.
    private mutating func makeRoom(for capacity: Int) {
        for index in pages.indices where isSpare(index) { remove(at: index) }
        let limit = max(Pages.retainedBytes, Pages.retainedPages * capacity)
        while pages.isFull || retainedCount > limit {
            guard let idlest = idlestRetained else { return }
            remove(at: idlest)
        }
    }

    private var retainedCount: Int {
        var sum = 0
        for index in pages.indices { sum += look(at: index, { $0.use == .passing ? $0.capacity : 0 }) ?? 0 }
        return sum
    }

    private var idlestRetained: Int? {
        var best: (index: Int, number: UInt64)?
        for index in pages.indices {
            guard let number = look(at: index, { $0.use == .passing ? $0.number : nil }) ?? nil else { continue }
            if best.map({ number < $0.number }) ?? true { best = (index, number) }
        }
        return best?.index
    }

    private mutating func compress(_ plain: Slot, as form: PageForm?, _ generation: UInt64) -> Slot? {
        guard var compressor = compressor.take() ?? GzipCompressor() else { return nil }
        // Kept while another buffer is claimed, which might otherwise be this one.
        pages[index: plain.index]?.readers += 1
        let slot = claim(look(at: plain.index, { $0.capacity }) ?? 1, form, generation)
        guard var target = pages[index: slot.index].take() else { preconditionFailure() }
        let fits = withBytes(plain) { bytes in target.compress(bytes, with: &compressor) }
        pages[index: slot.index] = consume target
        self.compressor = consume compressor
        pages[index: plain.index]?.readers -= 1
        return fits ? slot : nil
    }

    private func isSpare(_ index: Int) -> Bool { look(at: index, { $0.isSpare }) ?? false }

    private func count(where condition: (borrowing Page) -> Bool) -> Int {
        var count = 0
        for index in pages.indices where look(at: index, condition) == true { count += 1 }
        return count
    }

    private mutating func remove(at index: Int) {
        if let slot = pages.slot(at: index) { pages.remove(slot) }
    }

    private func look<Result>(at index: Int, _ look: (borrowing Page) -> Result) -> Result? {
        switch pages[index: index] {
        case .some(let page): look(page)
        case .none: nil
        }
    }
}
