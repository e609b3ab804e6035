import Bytes
import Counters

/// The lines that say something of a device.
extension FeedEntry {
    /// The word that such a line begins with.
    enum Word {
        case counter
        case power
        case unreadable

        init?(_ word: Span<UInt8>) {
            if word.isSame(as: "counter") {
                self = .counter
            } else if word.isSame(as: "power") {
                self = .power
            } else if word.isSame(as: "unreadable") {
                self = .unreadable
            } else {
                return nil
            }
        }
    }

    static let mostIDBytes = 96
    private static let mostLabelBytes = 96
    private static let mostReasonBytes = 200

    /// It shows energy or power.
    var isReadable: Bool {
        if case .unreadable = form { return false }
        return true
    }

    /// Understands the fields of a line.
    init(_ word: Word, _ text: Span<UInt8>, _ fields: FeedFields) throws(FeedFault) {
        line = fields.line
        id = try fields.required(.id, text) { FeedValue.some($0, most: FeedEntry.mostIDBytes) }
        domain = try fields.required(.domain, text) { FeedValue.domain(text, $0) }
        shape.kind = try fields.required(.kind, text) { FeedValue.kind(text, $0) }
        try takeLabels(text, fields)
        switch word {
        case .counter:
            form = try counter(text, fields)
            try takeReading(text, fields)
        case .power:
            form = .power(
                microwatts: try fields.required(.watts, text) { FeedValue.microwatts(text.extracting($0.range)) })
            shape.isEstimate = true
            try takeReading(text, fields)
        case .unreadable:
            form = .unreadable(try fields.required(.reason, text) { FeedValue.obstacle(text, $0) })
            self.text = try label(.text, text, fields, most: FeedEntry.mostReasonBytes)
        }
    }

    private mutating func takeLabels(_ text: Span<UInt8>, _ fields: FeedFields) throws(FeedFault) {
        vendor = try label(.vendor, text, fields)
        model = try label(.model, text, fields)
        uuid = try label(.uuid, text, fields)
        address = try label(.address, text, fields)
        isDivided = text.extracting(try label(.mig, text, fields).range).isSame(as: "yes")
        isForgetful = text.extracting(try label(.persistence, text, fields).range).isSame(as: "no")
    }

    /// A text that may be missing, or empty.
    private func label(
        _ key: FeedKey, _ text: Span<UInt8>, _ fields: FeedFields, most: Int = mostLabelBytes
    ) throws(FeedFault) -> FeedText {
        try fields.optional(key, text) { $0.range.count <= most ? $0 : nil } ?? FeedText()
    }

    private mutating func takeReading(_ text: Span<UInt8>, _ fields: FeedFields) throws(FeedFault) {
        atNanoseconds = try fields.optional(.at, text) { FeedValue.nanoseconds(text, $0) }
        spreadNanoseconds = try fields.optional(.spread, text) { FeedValue.span(text, $0) } ?? 0
        updateNanoseconds = try fields.optional(.update, text) { FeedValue.span(text, $0) }
        boundMicrowatts = try fields.optional(.bound, text) { FeedValue.bound(text, $0) }
    }

    private mutating func counter(_ text: Span<UInt8>, _ fields: FeedFields) throws(FeedFault) -> Form {
        let unit = try fields.required(.unit, text) { FeedValue.unit(text, $0) }
        shape.unit = unit
        shape.isEstimate = try fields.optional(.estimate, text) { FeedValue.truth(text, $0) } ?? false
        let wrap = try fields.optional(.wrap, text) { FeedValue.count(text, $0) }
        if let wrap {
            let modulus = FeedNumber.microjoules(wrap, unit: unit) ?? CounterFacts.neverWraps
            guard modulus > 0, modulus < CounterFacts.neverWraps else {
                throw FeedFault(.badValue(.wrap), line: fields.line)
            }
            shape.modulus = modulus
        }
        let raw = try fields.required(.raw, text) { FeedValue.count(text, $0) }
        guard let microjoules = FeedNumber.microjoules(raw, unit: unit), microjoules < shape.modulus,
            raw < wrap ?? UInt64.max
        else { throw FeedFault(.badValue(.raw), line: fields.line) }
        return .counter(microjoules: microjoules)
    }
}

extension FeedSamples {
    static let most = 1000

    init(_ text: Span<UInt8>, _ fields: FeedFields) throws(FeedFault) {
        everyNanoseconds = try fields.required(.every, text) { value in
            FeedValue.span(text, value).flatMap { $0 > 0 ? $0 : nil }
        }
        untilNanoseconds = try fields.required(.until, text) { FeedValue.nanoseconds(text, $0) }
        watts = try fields.required(.watts, text)
        var count = 0
        var isGood = true
        FeedSamples.forEach(in: text, watts) { value in
            count += 1
            if value == nil { isGood = false }
        }
        guard isGood, count <= FeedSamples.most else { throw FeedFault(.badValue(.watts), line: fields.line) }
        self.count = count
    }

    /// Calls the closure with each value between commas, in microwatts; nil for what is none.
    static func forEach(in text: Span<UInt8>, _ watts: FeedText, _ body: (UInt64?) -> Void) {
        var start = watts.range.lowerBound
        for index in watts.range where text[index] == UInt8(ascii: ",") {
            body(FeedValue.microwatts(text.extracting(start..<index)))
            start = index + 1
        }
        body(FeedValue.microwatts(text.extracting(start..<watts.range.upperBound)))
    }
}
