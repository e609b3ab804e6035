import Bytes
import Counters

extension ResetReason {
    init(from start: UInt64, to end: UInt64) {
        self = end >= start ? .jumped : .steppedBack
    }
}

/// Steps of a counter that is in doubt, and what they prove in the end.
extension CounterAccountant {
    /// The doubt that a step from a previous reading begins, or begins anew.
    func startDoubt(with reading: Anchor, previous: Anchor, _ last: Anchor) -> Doubt {
        let isFromZero = reading.raw <= plausible(from: previous, to: reading)
        let surplus = isFromZero ? reading.raw : 0
        return Doubt(
            latest: reading, sinceNanoseconds: reading.moment.monotonicNanoseconds,
            newSinceNanoseconds: reading.moment.monotonicNanoseconds, addedMicrojoules: surplus,
            reason: ResetReason(from: last.raw, to: reading.raw),
            former: FormerCourse(
                aheadMicrojoules: ahead(of: reading.raw, last.raw),
                allowanceMicrojoules: plausible(from: last, to: reading), surplusMicrojoules: Int64(clamping: surplus),
                isFromZero: isFromZero))
    }

    /// Takes in one more reading, and decides when there have been enough:
    ///
    /// - The counter is on its old course: a *glitch*.
    /// - What it shows is so little that it can have begun anew from 0: it was *set anew*.
    /// - It is on a course that it had left before, or has stepped back by no more than some step forward had added: what was
    ///   believed then is *put right*.
    /// - Otherwise it was set anew to something, of which nothing is added.
    mutating func follow(_ doubt: Doubt, to reading: Anchor, after last: Anchor) -> Step {
        guard plausible(from: doubt.latest, to: reading) < modulus else {
            self.doubt = nil
            return takeGap(to: reading, from: last)
        }
        let next = followed(doubt, to: reading, after: last)
        guard next.isOver else {
            self.doubt = next
            return .doubt
        }
        self.doubt = nil
        return conclude(next, after: last)
    }

    /// Whoever stays on the new course has not come back: where it has only crept to where the old one could be, the end tells.
    private func followed(_ doubt: Doubt, to reading: Anchor, after last: Anchor) -> Doubt {
        var next = doubt
        if let added = added(doubt.addedMicrojoules, from: doubt.latest, to: reading) {
            next.addedMicrojoules = added
            next.wraps &+= reading.raw < doubt.latest.raw ? 1 : 0
            if added != doubt.addedMicrojoules { next.former.isStill = false }
        } else if !doubt.isBack, let added = added(0, from: last, to: reading) {
            next.isBack = true
            next.addedMicrojoules = added
            next.wraps = reading.raw < last.raw ? 1 : 0
        } else {
            next = startDoubt(with: reading, previous: doubt.latest, last)
            next.sinceNanoseconds = doubt.sinceNanoseconds
            return next
        }
        next.latest = reading
        next.readings = doubt.readings &+ 1
        return next
    }

    /// What a course adds up to a reading that lies on it; nil if it does not.
    private func added(_ before: UInt64, from start: Anchor, to end: Anchor) -> UInt64? {
        let most = plausible(from: start, to: end)
        guard most < modulus, let delta = distance(from: start.raw, to: end.raw), delta <= most else { return nil }
        return before &+ delta
    }

    private mutating func conclude(_ doubt: Doubt, after last: Anchor) -> Step {
        if doubt.isBack {
            rise(doubt.addedMicrojoules, doubt)
            glitches += 1
            return .glitch
        }
        if !doubt.former.isFromZero {
            let begin = moved(last.raw, back: doubt.former.aheadMicrojoules)
            if let former, let beyond = beyond(former, begin, doubt.former.allowanceMicrojoules, from: last) {
                return goBack(to: doubt.latest, beyond &+ doubt.addedMicrojoules, former)
            }
            if doubt.reason == .steppedBack, let step = takeBack(doubt, after: last) { return step }
        }
        rise(doubt.addedMicrojoules, doubt)
        resets += 1
        former = doubt.former
        let now = doubt.latest.moment.monotonicNanoseconds
        let nanoseconds = now - min(now, doubt.newSinceNanoseconds)
        former?.take(0, plausible: boundMicrowatts.scaled(by: nanoseconds, over: 1_000_000_000))
        return .reset(doubt.reason)
    }

    /// The counter goes on where it had stepped back to: a step forward from before was false, as it seems. If it was not, and the
    /// counter is away from its course only now, it will come back to where it would be anyhow.
    private mutating func takeBack(_ doubt: Doubt, after last: Anchor) -> Step? {
        let hasCaughtUp = doubt.latest.raw >= last.raw
        if hasCaughtUp, doubt.latest.raw - last.raw <= plausible(from: last, to: doubt.latest) {
            add(doubt.latest.raw - last.raw)
        } else if let back = distance(from: doubt.latest.raw, to: last.raw), back <= largestRiseMicrojoules {
            owe(back)
        } else {
            return nil
        }
        former = doubt.former.asSeenFromItself
        glitches += 1
        self.last = doubt.latest
        return .correction
    }

    private mutating func rise(_ microjoules: UInt64, _ doubt: Doubt) {
        add(microjoules)
        largestRiseMicrojoules = max(largestRiseMicrojoules, microjoules)
        wraps &+= doubt.wraps
        last = doubt.latest
    }

    /// How far beyond the former course's place of now a value lies; nil if it does not lie on that course. `most` is plausible
    /// since the last reading that was believed.
    func beyond(_ former: FormerCourse, _ raw: UInt64, _ most: UInt64, from last: Anchor) -> UInt64? {
        let place = moved(last.raw, back: modulus - former.aheadMicrojoules)
        guard let beyond = distance(from: place, to: raw) else { return nil }
        let allowed = most.saturatingSum(former.allowanceMicrojoules)
        return allowed < modulus && beyond <= allowed ? beyond : nil
    }

    /// A value moved back around the range.
    private func moved(_ raw: UInt64, back: UInt64) -> UInt64 {
        raw >= back ? raw - back : modulus - (back - raw)
    }

    /// What is added if the counter is back on the course that was given up, so far beyond its place.
    func addedByReturn(_ beyond: UInt64, _ former: FormerCourse) -> Int64 {
        Int64(clamping: beyond).subtractingReportingOverflow(former.surplusMicrojoules).partialValue
    }

    /// The counter is back on the course that was given up: what was believed since is put right.
    mutating func goBack(to reading: Anchor, _ beyond: UInt64, _ former: FormerCourse) -> Step {
        let added = addedByReturn(beyond, former)
        if added >= 0 { add(added.magnitude) } else { owe(added.magnitude) }
        largestRiseMicrojoules = max(largestRiseMicrojoules, UInt64(clamping: added))
        self.former = nil
        glitches += 1
        last = reading
        return .correction
    }
}
