import Accounts
import Bytes
import Counters
import Sampling

/// What documents say of each domain that does not change while nothing comes or goes, made once so that showing it copies bytes.
struct DomainTexts {
    /// One domain's.
    struct Entry {
        /// The account's position.
        let index: Int
        /// `"domain":"package_0"`.
        let json: [UInt8]
        /// `,"kind":"package","source":"powercap"`.
        let jsonFacts: [UInt8]
        /// `<tr><th scope="row">package_0<td>powercap`.
        let html: [UInt8]

        fileprivate init(_ index: Int, _ facts: CounterFacts) {
            let tag = facts.domain.tag
            self.index = index
            json = DomainTexts.text(tag.utf8.count) { text in
                text.append("\"domain\":\"")
                text.append(json: tag.utf8.span)
                text.append("\"")
            }
            jsonFacts = Array(
                ",\"kind\":\"\(facts.domain.kind.rawValue)\",\"source\":\"\(facts.source.rawValue)\"".utf8)
            html = DomainTexts.text(tag.utf8.count) { text in
                text.append("<tr><th scope=\"row\">")
                text.append(html: tag.utf8.span)
                text.append("<td>\(facts.source.rawValue)")
            }
        }
    }

    /// In the order of the accounts.
    private(set) var entries: [Entry] = []
    /// All their texts together.
    private(set) var byteCount = 0

    /// Takes in which domains are shown. It allocates: it is called when something came or went.
    mutating func follow(_ sampling: borrowing Sampling) {
        entries = []
        for index in sampling.accounts.indices where sampling.isShown(index) {
            let facts = sampling.accounts[index].facts
            // Of accounts with one name the first has the rows.
            guard !entries.contains(where: { sampling.accounts[$0.index].domain.tag == facts.domain.tag }) else {
                continue
            }
            entries.append(Entry(index, facts))
        }
        byteCount = entries.reduce(0) { $0 + $1.json.count + $1.jsonFacts.count + $1.html.count }
    }

    /// A text of which so many bytes come from outside.
    private static func text(_ foreignBytes: Int, _ write: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer(capacity: foreignBytes * ByteBuffer.longestEscape + 64)
        write(&buffer)
        return buffer.withBytes { bytes in
            var text: [UInt8] = []
            text.reserveCapacity(bytes.count)
            for index in bytes.indices { text.append(bytes[index]) }
            return text
        }
    }
}
