public import Bytes

/// Where a series' value is kept; valid for the registry that gave it.
public struct SeriesIndex: Sendable, Equatable {
    fileprivate let position: Int
}

/// Where a histogram is kept; valid for the registry that gave it.
public struct HistogramIndex: Sendable, Equatable {
    fileprivate let position: Int
}

/// All series of the program, laid out once at start-up: after that, values change and nothing is added.
///
/// Whatever a page repeats (HELP, TYPE, names, labels) is rendered for each exposition when it is declared, so that writing a
/// page copies bytes and prints numbers, without allocation. All expositions are written from the same values.
public struct Registry: ~Copyable {
    struct Family {
        let type: MetricType
        /// The name, without a counter's `_total`.
        let stem: Range<Int>
        /// What stands before the series, for each exposition.
        let headers: InlineArray<3, Range<Int>>
        /// What protobuf has after the series.
        let protobufUnit: Range<Int>
        /// Positions in `lines` and `values`.
        var series: Range<Int>
        /// Positions in `histograms`.
        var histograms: Range<Int>
    }

    /// What a page says of one value. A series has one line, a histogram one for each bucket, for its sum and for its count.
    struct Line {
        /// The line of the text formats, from the name to the blank before the value.
        let text: Range<Int>
        /// The end of it that begins with the labels.
        let labels: Range<Int>
        /// The labels for protobuf; none for a histogram's lines but the last, whose labels are the histogram's.
        let pairs: Range<Int>
        let start: Start
    }

    /// Since when a value has been counting.
    enum Start {
        case none
        case registry
        case own(unixMilliseconds: UInt64)
    }

    struct Histogram {
        /// One for each bound; after them come those of `+Inf`, of the sum and of the count.
        let buckets: Range<Int>
        /// Positions in `upperBounds`.
        let bounds: Range<Int>
        /// The position in `natives`.
        let native: Int?

        var infinite: Int { buckets.upperBound }
        var sum: Int { buckets.upperBound + 1 }
        var count: Int { buckets.upperBound + 2 }
    }

    /// The bytes that pages repeat; ranges of it are kept.
    private(set) var prepared: [UInt8] = []
    private(set) var families: [Family] = []
    private(set) var lines: [Line] = []
    private(set) var values: [Value] = []
    private(set) var histograms: [Histogram] = []
    private(set) var upperBounds: [Double] = []
    private(set) var natives: [PowerHistogram] = []
    private var longest = InlineArray<3, Int>(repeating: 0)
    private var stem = ""
    private let startUnixMilliseconds: UInt64

    /// - Parameter startUnixMilliseconds: since when counters and histograms count, unless they are declared otherwise; 0 if
    ///   that is not known, and then no page says it.
    public init(startUnixMilliseconds: UInt64 = 0) {
        self.startUnixMilliseconds = startUnixMilliseconds
        longest[Exposition.openMetrics.rawValue] = Registry.endOfOpenMetrics.utf8CodeUnitCount
    }

    /// Says since when counters and histograms count, where that is known only after they were declared.
    public subscript(_ series: SeriesIndex) -> Value {
        get { values[series.position] }
        set { values[series.position] = newValue }
    }

    /// Shows a distribution of power; its bounds are `PowerHistogram.boundLabels`.
    public mutating func publish(_ distribution: PowerHistogram, as index: HistogramIndex) {
        let histogram = histograms[index.position]
        let counts = distribution.classicCounts
        precondition(histogram.buckets.count == counts.count)
        for bucket in counts.indices { values[histogram.buckets.lowerBound + bucket] = .integer(counts[bucket]) }
        values[histogram.infinite] = .integer(distribution.count)
        values[histogram.sum] = .micro(distribution.sumMicrowatts)
        values[histogram.count] = .integer(distribution.count)
        if let native = histogram.native { natives[native] = distribution }
    }

    /// Shows a distribution of durations; its bounds are `LatencyHistogram.boundLabels`.
    public mutating func publish(_ distribution: LatencyHistogram, as index: HistogramIndex) {
        let histogram = histograms[index.position]
        precondition(histogram.buckets.count == LatencyHistogram.boundsMicroseconds.count && histogram.native == nil)
        for bucket in LatencyHistogram.boundsMicroseconds.indices {
            values[histogram.buckets.lowerBound + bucket] = .integer(distribution.cumulativeCount(upTo: bucket))
        }
        values[histogram.infinite] = .integer(distribution.count)
        values[histogram.sum] = .nano(distribution.sumNanoseconds)
        values[histogram.count] = .integer(distribution.count)
    }

    /// The most bytes that a page of all families can need, whatever the values are.
    public func longestPageBytes(_ exposition: Exposition) -> Int {
        longest[exposition.rawValue]
    }

    /// Writes a page: the selected families in the order of their declaration, without the series that are absent.
    ///
    /// - Parameter showsCreated: whether OpenMetrics has a `_created` series for each counter and histogram, which Prometheus
    ///   stores like any other. Protobuf always says since when they count, text 0.0.4 never does.
    public func encode(
        _ exposition: Exposition, selecting selection: FamilySelection = .all, showsCreated: Bool = false,
        into page: inout ByteBuffer
    ) {
        for index in families.indices where selection.contains(index) {
            switch exposition {
            case .text: appendText(families[index], exposition, showsCreated: false, to: &page)
            case .openMetrics: appendText(families[index], exposition, showsCreated: showsCreated, to: &page)
            case .protobuf: appendProtobuf(families[index], to: &page)
            }
        }
        if exposition == .openMetrics { page.append(Registry.endOfOpenMetrics) }
    }

    /// Since when the line's value has been counting; nil for what does not count, and where it is not known.
    func startUnixMilliseconds(of line: Line) -> UInt64? {
        switch line.start {
        case .none: nil
        case .registry: startUnixMilliseconds == 0 ? nil : startUnixMilliseconds
        case .own(let unixMilliseconds): unixMilliseconds
        }
    }
}

/// Declarations, at start-up: they allocate.
extension Registry {
    /// Declares a family; the series declared next belong to it. A counter's name ends in `_total`. `help` says where the
    /// number comes from.
    public mutating func declareFamily(_ name: String, _ type: MetricType, help: String) {
        precondition(!name.isEmpty && families.count < FamilySelection.mostFamilies)
        precondition(name.hasSuffix("_total") == (type == .counter))
        stem = type == .counter ? String(name.dropLast("_total".utf8.count)) : name
        let unit = Registry.unit(of: stem)
        let unitLine = unit.map { "# UNIT \(stem) \($0)\n" } ?? ""
        let text = prepare("# HELP \(name) \(escaped(help, quotes: false))\n# TYPE \(name) \(type.name)\n")
        let openMetrics = prepare(
            "# TYPE \(stem) \(type.name)\n\(unitLine)# HELP \(stem) \(escaped(help, quotes: true))\n")
        let protobuf = prepare(protobufHeader(name, type, help: help))
        let protobufUnit = prepare(protobufUnit(unit))
        families.append(
            Family(
                type: type, stem: prepare(stem), headers: [text, openMetrics, protobuf], protobufUnit: protobufUnit,
                series: lines.count..<lines.count, histograms: histograms.count..<histograms.count))
        longest[Exposition.text.rawValue] += text.count
        longest[Exposition.openMetrics.rawValue] += openMetrics.count
        longest[Exposition.protobuf.rawValue] += longestProtobufFamily(protobuf.count + protobufUnit.count)
    }

    /// Declares a series of the last family, with no value yet.
    ///
    /// - Parameter startUnixMilliseconds: since when a counter counts, if not since the registry's start.
    public mutating func declareSeries(
        _ labels: [Label] = [], startUnixMilliseconds: UInt64? = nil
    ) -> SeriesIndex {
        let type = families[families.count - 1].type
        precondition(type != .histogram)
        let start = startUnixMilliseconds.map { Start.own(unixMilliseconds: $0) } ?? .registry
        switch type {
        case .counter: declareLine(suffix: "_total", labels, pairs: labels, start)
        default: declareLine(suffix: "", labels, pairs: labels, .none)
        }
        longest[Exposition.protobuf.rawValue] += longestProtobufSeries(pairsBytes: lines[lines.count - 1].pairs.count)
        return SeriesIndex(position: lines.count - 1)
    }

    /// Declares a histogram of the last family, which is absent until it is published.
    ///
    /// - Parameters:
    ///   - bounds: the buckets' upper bounds in the form that OpenMetrics calls canonical, such as `0.5` and `1.0`; ascending,
    ///     and without `+Inf`, which is always there.
    ///   - isNative: whether protobuf has it as a native histogram too; then it is a `PowerHistogram` that is published.
    public mutating func declareHistogram(
        _ labels: [Label] = [], bounds: [String], isNative: Bool
    ) -> HistogramIndex {
        precondition(families[families.count - 1].type == .histogram)
        let first = lines.count
        for bound in bounds + ["+Inf"] {
            declareLine(suffix: "_bucket", labels + [Label("le", bound)], pairs: [], .none)
        }
        declareLine(suffix: "_sum", labels, pairs: [], .none)
        declareLine(suffix: "_count", labels, pairs: labels, .registry)
        let numbers = bounds.compactMap { Double($0) }
        precondition(numbers.count == bounds.count && zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        histograms.append(
            Histogram(
                buckets: first..<(first + bounds.count),
                bounds: upperBounds.count..<(upperBounds.count + bounds.count), native: isNative ? natives.count : nil))
        upperBounds += numbers
        if isNative { natives.append(PowerHistogram()) }
        families[families.count - 1].histograms =
            families[families.count - 1].histograms.lowerBound..<histograms.count
        longest[Exposition.protobuf.rawValue] += longestProtobufHistogram(
            pairsBytes: lines[lines.count - 1].pairs.count, bucketCount: bounds.count, isNative: isNative)
        return HistogramIndex(position: histograms.count - 1)
    }

    private mutating func declareLine(suffix: String, _ labels: [Label], pairs: [Label], _ start: Start) {
        let name = prepare(stem + suffix)
        let rest = prepare(labels.text + " ")
        let line = Line(
            text: name.lowerBound..<rest.upperBound, labels: rest, pairs: prepare(protobufPairs(pairs)), start: start)
        lines.append(line)
        values.append(.absent)
        families[families.count - 1].series = families[families.count - 1].series.lowerBound..<lines.count
        longest[Exposition.text.rawValue] += longestTextLine(line)
        longest[Exposition.openMetrics.rawValue] += longestTextLine(line)
        if case .none = start { return }
        longest[Exposition.openMetrics.rawValue] += longestCreatedLine(line, stem: stem)
    }

    private mutating func prepare(_ text: String) -> Range<Int> {
        prepare(Array(text.utf8))
    }

    private mutating func prepare(_ bytes: [UInt8]) -> Range<Int> {
        prepared += bytes
        return (prepared.count - bytes.count)..<prepared.count
    }

    /// The base unit that a name ends in, which OpenMetrics and protobuf name separately.
    private static func unit(of stem: String) -> String? {
        ["joules", "watts", "seconds", "bytes"].first { stem.hasSuffix("_" + $0) }
    }
}
