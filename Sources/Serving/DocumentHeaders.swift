import Bytes
import HTTP

/// The header lines that a document has beside those of every response: what tells its state from others, and for HTML what it may
/// do in a browser.
struct DocumentHeaders: ~Copyable {
    private static let tagBytes = 64
    private static let referrerPolicy: StaticString = "Referrer-Policy: no-referrer\r\n"

    /// A number that no other run of the program has.
    private let run: UInt64
    /// The line that says what the page may do.
    private let contentPolicy: [UInt8]
    /// Those of the next response, each with its CR LF.
    private var lines: ByteBuffer

    init(run: UInt64, contentPolicy: String) {
        self.run = run
        self.contentPolicy = Array("Content-Security-Policy: \(contentPolicy)\r\n".utf8)
        lines = ByteBuffer(
            capacity: self.contentPolicy.count + DocumentHeaders.tagBytes
                + DocumentHeaders.referrerPolicy.utf8CodeUnitCount)
    }

    /// The most bytes that they can have.
    var longestBytes: Int { lines.capacity }

    func tag(_ document: Document, _ coding: ContentCoding, generation: UInt64) -> EntityTag {
        EntityTag(run: run, generation: generation, form: document.letter(coding))
    }

    /// The next response shows a document, or says that it is as it was.
    ///
    /// - Parameter hasOperatorsPolicy: another header says what the page may do.
    mutating func describe(_ document: Document, _ tag: EntityTag, hasOperatorsPolicy: Bool) {
        lines.removeAll()
        lines.append("ETag: ")
        tag.withBytes { lines.append($0) }
        lines.append("\r\n")
        guard document == .page else { return }
        lines.append(DocumentHeaders.referrerPolicy)
        guard !hasOperatorsPolicy else { return }
        let policy = contentPolicy
        lines.append(policy.span)
    }

    /// The next response has none.
    var isEmpty: Bool { lines.isEmpty }

    /// Lends the lines of the next response.
    func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result { lines.withBytes(body) }

    /// The response is composed.
    mutating func removeAll() { lines.removeAll() }
}
