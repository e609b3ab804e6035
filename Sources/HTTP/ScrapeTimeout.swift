import Bytes

/// The value of `X-Prometheus-Scrape-Timeout-Seconds`: how long the client will wait for the answer, such as `10` or `1.5`.
enum ScrapeTimeout {
    /// In whole milliseconds; nil for what is no decimal number, is less than a millisecond or more than
    /// `Limits.scrapeTimeoutMilliseconds`: such a client does not say how long it waits.
    static func milliseconds(_ value: Span<UInt8>) -> UInt64? {
        let point = value.firstIndex(of: UInt8(ascii: "."), in: 0..<value.count)
        guard let seconds = UInt64(decimal: value.extracting(0..<point)) else { return nil }
        guard seconds <= Limits.scrapeTimeoutMilliseconds / 1000 else { return nil }
        var milliseconds = seconds * 1000
        if point < value.count {
            let fraction = value.extracting((point + 1)..<value.count)
            guard fraction.isAllDigits else { return nil }
            var weight: UInt64 = 100
            for index in 0..<min(fraction.count, 3) {
                milliseconds += UInt64(fraction[index] - UInt8(ascii: "0")) * weight
                weight /= 10
            }
        }
        guard milliseconds > 0, milliseconds <= Limits.scrapeTimeoutMilliseconds else { return nil }
        return milliseconds
    }
}
