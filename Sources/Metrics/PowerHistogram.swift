/// How often how much power was drawn: a native histogram of schema 3, whose buckets grow by 2^(1/8), about 9 %.
///
/// Fixed memory: there is a place for every bucket from a microwatt to 15 megawatts, and at most `mostBuckets` of them are
/// used; then the nearest used one takes what is new. The classic buckets of the text formats are two of these each, so they
/// are derived from the same counts and exact.
public struct PowerHistogram: Sendable {
    /// Bucket i holds values above 2^((i-1)/8) up to 2^(i/8) watts. See the Prometheus documentation on native histograms.
    public static let schema = 3
    /// The width of the zero bucket, 2^-128; only 0 itself is that small.
    public static let zeroThreshold = 0x1p-128
    /// As many buckets as client libraries keep by default.
    public static let mostBuckets = 160
    /// One microwatt, the least that is told apart from 0, lies in bucket -159.
    public static let bucketRange = -159...192
    /// How many classic buckets there are: four to a doubling, from 0.5 W to 4096 W.
    public static let classicCount = 53
    /// Their upper bounds in watts, as a page shows them.
    public static var boundLabels: [String] {
        (0..<classicCount).map { "\(upperWatts(ofBucket: lastBucket(ofClassic: $0)))" }
    }

    private static let places = 352

    private var counts = InlineArray<352, UInt64>(repeating: 0)
    private var usedBuckets = 0
    /// How many values were 0.
    public private(set) var zeroCount: UInt64 = 0
    /// How many values there were.
    public private(set) var count: UInt64 = 0
    /// All values added up, around 2^64 rather than a trap.
    public private(set) var sumMicrowatts: UInt64 = 0

    /// An empty histogram.
    public init() {}

    /// Takes in a value.
    public mutating func record(microwatts: UInt64) {
        record(microwatts: microwatts, times: 1)
    }

    mutating func record(microwatts: UInt64, times: UInt64) {
        count += times
        sumMicrowatts &+= microwatts &* times
        guard microwatts > 0 else {
            zeroCount += times
            return
        }
        let wanted = PowerHistogram.bucket(of: microwatts) - PowerHistogram.bucketRange.lowerBound
        // A call is given a copy of all counts, so there is none where nothing has to be looked for.
        let place = usedBuckets < PowerHistogram.mostBuckets ? wanted : usablePlace(for: wanted)
        var counts = counts.mutableSpan
        if counts[place] == 0 { usedBuckets += 1 }
        counts[place] += times
    }

    /// How many values lie in a bucket.
    public subscript(bucket: Int) -> UInt64 {
        counts.span[bucket - PowerHistogram.bucketRange.lowerBound]
    }

    /// How many values were at most each of the classic bounds.
    public var classicCounts: InlineArray<53, UInt64> {
        // Read through a span: each element would otherwise be taken from a copy of all of them.
        let counts = counts.span
        var result = InlineArray<53, UInt64>(repeating: 0)
        var sum = zeroCount
        var place = 0
        for index in result.indices {
            let end = PowerHistogram.lastBucket(ofClassic: index) - PowerHistogram.bucketRange.lowerBound
            while place <= end {
                sum += counts[place]
                place += 1
            }
            result[index] = sum
        }
        return result
    }

    /// The first run of buckets at or after `bucket` that begins and ends with a used one; nil if none is used. Up to two
    /// unused ones in between belong to it, since a run of its own for what follows them would take more bytes.
    func span(from bucket: Int) -> Range<Int>? {
        let counts = counts.span
        var span: Range<Int>?
        for index in max(bucket, PowerHistogram.bucketRange.lowerBound)..<(PowerHistogram.bucketRange.upperBound + 1) {
            if let open = span, index - open.upperBound > 2 { return span }
            if counts[index - PowerHistogram.bucketRange.lowerBound] > 0 {
                span = (span?.lowerBound ?? index)..<(index + 1)
            }
        }
        return span
    }

    /// The last bucket that a classic one counts.
    private static func lastBucket(ofClassic index: Int) -> Int { -8 + 2 * index }

    /// The bucket of a value above 0: the smallest i with value <= 2^(i/8) watts.
    static func bucket(of microwatts: UInt64) -> Int {
        // By its bits, since `significand` and `exponent` are calls, and this is done twice for each sample. It is no subnormal number.
        let bits = (Double(microwatts) / 1_000_000).bitPattern
        let significand = Double(bitPattern: bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000)
        let exponent = Int(bits >> 52) - 1023
        let bucket = exponent * 8 + step(of: significand)
        return min(max(bucket, bucketRange.lowerBound), bucketRange.upperBound)
    }

    /// How many of the bounds within one doubling lie below a value: halves what is left of them with each look.
    private static func step(of significand: Double) -> Int {
        let bounds = bounds.span
        var step = significand > bounds[3] ? 4 : 0
        if significand > bounds[step + 1] { step += 2 }
        if significand > bounds[step] { step += 1 }
        return step == 7 && significand > bounds[7] ? 8 : step
    }

    /// The most that a bucket holds.
    static func upperWatts(ofBucket bucket: Int) -> Double {
        Double(sign: .plus, exponent: bucket >> 3, significand: bounds.span[bucket & 7])
    }

    /// 2^(step/8), for the steps within one doubling.
    private static let bounds: InlineArray<8, Double> = [
        1, 1.0905077326652577, 1.189207115002721, 1.2968395546510096,
        1.4142135623730951, 1.5422108254079407, 1.681792830507429, 1.8340080864093424,
    ]

    /// The wanted place if it is used, otherwise the nearest used one: as many are used as may be.
    private func usablePlace(for wanted: Int) -> Int {
        let counts = counts.span
        guard counts[wanted] == 0 else { return wanted }
        for distance in 1..<PowerHistogram.places {
            if wanted - distance >= 0, counts[wanted - distance] > 0 { return wanted - distance }
            if wanted + distance < PowerHistogram.places, counts[wanted + distance] > 0 { return wanted + distance }
        }
        return wanted
    }
}
