@testable import Sources

/// Reads the bytes as a feed, and checks what must hold whatever they are: what is understood lies in the text and within its limits,
/// what is not leaves nothing behind, and the same bytes mean the same again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFeed(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    let text = input.span
    var content = FeedContent()
    let fault = parse(text, &content)
    var again = content
    precondition(parse(text, &again) == fault)
    precondition(again.entries.count == content.entries.count)
    if let fault {
        precondition(content.entries.isEmpty && !fault.description.isEmpty)
    } else {
        check(content, text)
    }
    return 0
}

private func parse(_ text: Span<UInt8>, _ content: inout FeedContent) -> FeedFault? {
    do throws(FeedFault) {
        try content.parse(text)
        return nil
    } catch {
        return error
    }
}

private func check(_ content: FeedContent, _ text: Span<UInt8>) {
    precondition(content.periodNanoseconds >= 100_000_000 && !content.name.isEmpty)
    precondition(content.entries.count <= FeedContent.mostEntries)
    for entry in content.entries {
        precondition(!entry.id.isEmpty && !entry.domain.isEmpty)
        for part in [entry.id, entry.domain, entry.vendor, entry.model, entry.uuid, entry.address, entry.text] {
            precondition(part.range.upperBound <= text.count && text.extracting(part.range).isUTF8Text)
        }
        if case .counter(let microjoules) = entry.form { precondition(microjoules < entry.shape.modulus) }
        guard let samples = entry.samples else { continue }
        var count = 0
        FeedSamples.forEach(in: text, samples.watts) { count += $0 == nil ? 0 : 1 }
        precondition(count == samples.count && samples.newer(than: 0) <= count)
    }
}

extension Span<UInt8> {
    fileprivate var isUTF8Text: Bool { (try? UTF8Span(validating: self)) != nil }
}
