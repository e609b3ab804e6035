import Bytes

/// What an exporter answered to a question about its health, as far as it matters. See RFC 9112 section 4.
struct HealthAnswer {
    /// Nil if it was no HTTP.
    let status: Int?
    /// The head is there to its end.
    let isComplete: Bool
    /// All of it.
    let text: String
    /// It names itself, as every answer of an exporter does: others have the same paths and ports.
    var isOurs: Bool { text.contains("pyjoules-exporter") }
    /// The port speaks TLS, and what was asked in the clear was answered in the clear.
    private let wantsTLS: Bool

    init(_ bytes: [UInt8]) {
        text = String(decoding: bytes, as: UTF8.self)
        let words = text.prefix { $0 != "\r\n" && $0 != "\n" }.split(separator: " ", maxSplits: 2)
        let isHTTP =
            words.count >= 2 && words[0].hasPrefix("HTTP/1.") && words[1].utf8.count == 3
            && words[1].utf8.allSatisfy(\.isASCIIDigit)
        status = isHTTP ? Int(words[1]) : nil
        isComplete = status != nil && text.contains("\r\n\r\n")
        wantsTLS = status == 400 && text.contains("speaks TLS")
    }

    /// Why it lives and does not say more to whoever asks; nil if it does.
    var reserve: String? {
        switch status {
        case 401: "it asks for a password"
        case 429: "it limits the rate of requests"
        case 400 where wantsTLS: "it speaks TLS"
        default: nil
        }
    }

    /// What the answer means; `place` is the address that was asked, for the message.
    func verdict(on question: HealthQuestion, place: String) -> HealthVerdict {
        guard let status else {
            return .unwell(
                "what answers on \(place) does not speak HTTP; name the exporter's address with --web.listen-address")
        }
        guard isOurs, status != 404 else {
            return .unwell(
                "what answers on \(place) is not pyjoules-exporter (Pushgateway and others have this port, too); name the exporter's "
                    + "address with --web.listen-address")
        }
        if let reserve { return lives(reserve, question, place) }
        switch (status, question) {
        case (200, .healthy): return .well("\(place) is healthy")
        case (200, .ready): return .well("\(place) is ready")
        case (503, .ready):
            return .unwell(
                "\(place) is not ready: it has no sample yet, nothing has been read for 10 s, or it has no connection left; its log tells"
            )
        case (503, .healthy):
            return .unwell("\(place) has no connection left for this one; --web.max-connections allows more")
        default: return .unwell("\(place) answered \(question.rawValue) with status \(status)")
        }
    }

    /// It runs, since it answers, but does not tell more.
    private func lives(_ why: String, _ question: HealthQuestion, _ place: String) -> HealthVerdict {
        switch question {
        case .healthy: .well("\(place) is healthy: \(why), so it runs")
        case .ready:
            .unwell("\(place) does not tell whether it is ready: \(why); leave out --ready to ask only whether it runs")
        }
    }
}
