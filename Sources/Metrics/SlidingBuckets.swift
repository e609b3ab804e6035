/// How many values of the last minute lie in each bucket of power, in 4 kB that never grow.
///
/// The window is made of parts of 5 s. It spans the current part and the 12 before it: the last 60 s are always in it, and at most
/// 65. The buckets are those of `PowerHistogram`, 9 % wide, over 16 doublings. Where values lie further apart, the lowest bucket
/// takes all that are below it, so that they are told apart to a 50,000th of the highest (DDSketch does the same with its lowest
/// buckets).
struct SlidingBuckets {
    /// Where a quantile lies: in a bucket, at a share of the way from its lower bound to its upper one.
    struct Location {
        let lowerMicrowatts: Double
        let upperMicrowatts: Double
        let share: Double
    }

    private static let partNanoseconds: UInt64 = 5_000_000_000
    private static let partCount = 13
    /// Place 0 is that of the value 0, place 1 the lowest bucket's.
    private static let placeCount = 128

    /// The places of one part after those of the other. As samples are at least 1 ms apart, a part has 5,000 of them.
    private var counts = InlineArray<1664, UInt16>(repeating: 0)
    /// Of each place, in all parts.
    private var totals = InlineArray<128, UInt32>(repeating: 0)
    /// Of all places.
    private var total: UInt64 = 0
    /// The bucket that place 1 is for.
    private var firstBucket = 0
    /// The current part, counted from the beginning of the monotonic clock.
    private var part: UInt64 = 0

    /// Counts a value at a moment of the monotonic clock.
    mutating func record(microwatts: UInt64, at now: UInt64) {
        advance(to: now)
        let place = microwatts == 0 ? 0 : place(of: PowerHistogram.bucket(of: microwatts))
        let index = start(of: part) + place
        guard counts[index] < .max else { return }
        counts[index] += 1
        totals[place] += 1
        total += 1
    }

    /// Forgets what lies before the window that ends at a moment of the monotonic clock.
    mutating func advance(to now: UInt64) {
        let current = now / SlidingBuckets.partNanoseconds
        guard current > part else { return }
        for step in 1...min(current - part, UInt64(SlidingBuckets.partCount)) { empty(part + step) }
        part = current
    }

    /// Where so many thousandths of the values are lower; nil if there are no values.
    mutating func locate(thousandths: UInt64) -> Location? {
        let rank = total * thousandths
        var below: UInt64 = 0
        for place in totals.indices where totals[place] > 0 {
            let here = UInt64(totals[place]) * 1000
            if below + here >= rank { return location(in: place, share: Double(rank - below) / Double(here)) }
            below += here
        }
        return nil
    }

    private func start(of part: UInt64) -> Int {
        Int(part % UInt64(SlidingBuckets.partCount)) * SlidingBuckets.placeCount
    }

    /// Empties the places that a part uses again.
    private mutating func empty(_ part: UInt64) {
        let start = start(of: part)
        for place in totals.indices {
            totals[place] -= UInt32(counts[start + place])
            total -= UInt64(counts[start + place])
            counts[start + place] = 0
        }
    }

    private mutating func location(in place: Int, share: Double) -> Location {
        guard place > 0 else { return Location(lowerMicrowatts: 0, upperMicrowatts: 0, share: share) }
        let bucket = firstBucket + place - 1
        return Location(
            lowerMicrowatts: place == 1 ? 0 : PowerHistogram.upperWatts(ofBucket: bucket - 1) * 1_000_000,
            upperMicrowatts: PowerHistogram.upperWatts(ofBucket: bucket) * 1_000_000, share: share)
    }
}

/// Which buckets there are places for.
extension SlidingBuckets {
    private mutating func place(of bucket: Int) -> Int {
        if bucket < firstBucket || bucket > lastBucket { makeRoom(for: bucket) }
        return max(1, bucket - firstBucket + 1)
    }

    private var lastBucket: Int { firstBucket + SlidingBuckets.placeCount - 2 }

    /// Moves the range up to a bucket at the expense of the lowest ones, or down to it as far as the highest ones are not used.
    private mutating func makeRoom(for bucket: Int) {
        var used = SlidingBuckets.placeCount - 1
        while used > 0, totals[used] == 0 { used -= 1 }
        if used == 0 {
            firstBucket = bucket - SlidingBuckets.placeCount / 2
        } else if bucket > lastBucket {
            move(by: bucket - lastBucket)
        } else {
            move(by: max(bucket - firstBucket, used - (SlidingBuckets.placeCount - 1)))
        }
    }

    /// Moves the range by so many buckets. No place beyond the last is used after that.
    private mutating func move(by buckets: Int) {
        guard buckets != 0 else { return }
        firstBucket += buckets
        let (old, places) = (counts, 1..<SlidingBuckets.placeCount)
        for start in stride(from: 0, to: counts.count, by: SlidingBuckets.placeCount) {
            for place in places { counts[start + place] = 0 }
            for place in places where old[start + place] > 0 {
                let moved = start + max(1, place - buckets)
                counts[moved] = UInt16(clamping: UInt32(counts[moved]) + UInt32(old[start + place]))
            }
        }
        addUp()
    }

    private mutating func addUp() {
        total = 0
        for place in totals.indices {
            totals[place] = 0
            for start in stride(from: 0, to: counts.count, by: SlidingBuckets.placeCount) {
                totals[place] += UInt32(counts[start + place])
            }
            total += UInt64(totals[place])
        }
    }
}
