import Bytes

/// Which rows of its tables a page is measured for.
public enum PageRows: Sendable {
    /// As many as the tables have room for, with labels as long as they may be.
    case all
    /// Those that are open, with the labels that they have.
    case open
}

/// What a family shows of each row, as far as the length of a page depends on it.
struct RowShape {
    enum Content {
        case value
        /// A native histogram in protobuf; what has no native histograms shows classic buckets, or nothing of it.
        case power(hasClassicBuckets: Bool)
        case summary
        case latency

        /// Whether a page in a format has anything of such a family.
        func isShown(in exposition: Exposition) -> Bool {
            guard case .power(hasClassicBuckets: false) = self else { return true }
            return exposition == .protobuf
        }
    }

    let type: MetricType
    let content: Content
    /// Of the name without a counter's `_total`.
    let stemBytes: Int
    /// How many classic buckets or quantiles there are, without `+Inf`.
    let boundCount: Int
    /// Of all that stands in lines of buckets and quantiles between labels and value, `+Inf` included.
    let boundTextBytes: Int

    /// The most bytes of a row, whatever its values are.
    ///
    /// - Parameters:
    ///   - textBytes: the length of the row's labels with the blank that follows them.
    ///   - pairsBytes: the length of the labels for protobuf.
    func longestBytes(_ exposition: Exposition, textBytes: Int, pairsBytes: Int) -> Int {
        guard content.isShown(in: exposition) else { return 0 }
        return switch exposition {
        case .text: longestText(textBytes)
        case .openMetrics: longestText(textBytes) + longestCreated(textBytes)
        case .protobuf: longestProtobuf(pairsBytes)
        }
    }

    private func longestText(_ textBytes: Int) -> Int {
        switch type {
        case .counter: longestLine(suffix: "_total", textBytes)
        case .gauge: longestLine(suffix: "", textBytes)
        case .summary: longestBounds(boundCount, suffix: "", textBytes) + longestSums(textBytes)
        case .histogram: longestBounds(boundCount + 1, suffix: "_bucket", textBytes) + longestSums(textBytes)
        }
    }

    private func longestSums(_ textBytes: Int) -> Int {
        longestLine(suffix: "_sum", textBytes) + longestLine(suffix: "_count", textBytes)
    }

    private func longestCreated(_ textBytes: Int) -> Int {
        type == .gauge ? 0 : longestLine(suffix: "_created", textBytes)
    }

    /// 20 digits, a point and the line's end come after name, labels and blank.
    private func longestLine(suffix: StaticString, _ textBytes: Int) -> Int {
        stemBytes + suffix.utf8CodeUnitCount + textBytes + 22
    }

    /// The end of the labels, a brace and the blank, is part of each bound's text.
    private func longestBounds(_ count: Int, suffix: StaticString, _ textBytes: Int) -> Int {
        boundTextBytes + count * longestLine(suffix: suffix, max(0, textBytes - 2))
    }

    private func longestProtobuf(_ pairsBytes: Int) -> Int {
        // A count takes a tag and at most 10 bytes, a double a tag and 8.
        if case .value = content { return longestMessage(pairsBytes + longestMessage(9 + longestStart)) }
        var content = 11 + 9 + boundCount * longestMessage(11 + 9) + longestStart
        if case .power = self.content {
            let places = PowerHistogram.bucketRange.count
            // A run is at least one bucket and the three unused ones without which it would go on.
            content += 11 + 9 + 11 + places * 11 + (places / 4 + 1) * longestMessage(11 + 11)
        }
        return longestMessage(pairsBytes + longestMessage(content))
    }

    /// A message with its tag and length.
    private func longestMessage(_ contentBytes: Int) -> Int {
        1 + ByteBuffer.varintBytes(UInt64(contentBytes)) + contentBytes
    }

    private var longestStart: Int { longestMessage(11 + 11) }
}
