import Bytes
import Counters

/// The end of a ledger's record: what is known of a counter's course besides its last reading.
///
/// Its words: when the counter was last measured (the number of that write), how long its last reading took; flags; the former
/// course (how far ahead it lies, what it is allowed, the surplus); of a doubt the latest reading, its two clocks, how long it
/// took, when the doubt and the new course began, how many readings and wraps there were, what was added, and the course that it would make the
/// former one. What is not there is 0.
enum LedgerCourse {
    static let words = 18

    private enum Flag {
        static let former: UInt64 = 1
        static let formerFromZero: UInt64 = 1 << 1
        static let doubt: UInt64 = 1 << 2
        static let isBack: UInt64 = 1 << 3
        static let doubtFromZero: UInt64 = 1 << 4
        static let jumped: UInt64 = 1 << 5
        static let formerStill: UInt64 = 1 << 6
        static let doubtStill: UInt64 = 1 << 7
    }

    /// Appends all words but the first.
    static func append(
        _ accountant: borrowing CounterAccountant, _ sum: inout Checksum, into bytes: inout ByteBuffer
    ) {
        let (former, doubt) = (accountant.former, accountant.doubt)
        bytes.append(accountant.last?.readNanoseconds ?? 0, &sum)
        bytes.append(flags(former, doubt), &sum)
        append(former, &sum, into: &bytes)
        bytes.append(doubt?.latest.raw ?? 0, &sum)
        bytes.append(doubt?.latest.moment.monotonicNanoseconds ?? 0, &sum)
        bytes.append(doubt?.latest.moment.boottimeNanoseconds ?? 0, &sum)
        bytes.append(doubt?.latest.readNanoseconds ?? 0, &sum)
        bytes.append(doubt?.sinceNanoseconds ?? 0, &sum)
        bytes.append(doubt?.newSinceNanoseconds ?? 0, &sum)
        bytes.append(doubt?.readings ?? 0, &sum)
        bytes.append(doubt?.wraps ?? 0, &sum)
        bytes.append(doubt?.addedMicrojoules ?? 0, &sum)
        append(doubt?.former, &sum, into: &bytes)
    }

    private static func append(_ course: FormerCourse?, _ sum: inout Checksum, into bytes: inout ByteBuffer) {
        bytes.append(course?.aheadMicrojoules ?? 0, &sum)
        bytes.append(course?.allowanceMicrojoules ?? 0, &sum)
        bytes.append(UInt64(bitPattern: course?.surplusMicrojoules ?? 0), &sum)
    }

    private static func flags(_ former: FormerCourse?, _ doubt: Doubt?) -> UInt64 {
        func flag(_ flag: UInt64, _ isSet: Bool?) -> UInt64 { isSet ?? false ? flag : 0 }
        let courses =
            flag(Flag.former, former != nil) | flag(Flag.formerFromZero, former?.isFromZero)
            | flag(Flag.formerStill, former?.isStill)
        return courses | flag(Flag.doubt, doubt != nil) | flag(Flag.isBack, doubt?.isBack)
            | flag(Flag.doubtFromZero, doubt?.former.isFromZero) | flag(Flag.doubtStill, doubt?.former.isStill)
            | flag(Flag.jumped, doubt?.reason == .jumped)
    }

    /// Reads back what stands at the end of a record that begins there.
    ///
    /// - Returns: false if the numbers cannot be those of an accountant.
    static func read(
        _ accountant: inout CounterAccountant, _ words: WordReader, _ bytes: Span<UInt8>, at start: Int
    ) -> Bool {
        let flags = words[start + 2, bytes]
        accountant.last?.readNanoseconds = words[start + 1, bytes]
        if flags & Flag.former != 0 {
            accountant.former = course(
                words, bytes, at: start + 3, isFromZero: flags & Flag.formerFromZero != 0,
                isStill: flags & Flag.formerStill != 0)
            guard isPossible(accountant.former, accountant.modulus) else { return false }
        }
        guard flags & Flag.doubt != 0 else { return true }
        let doubt = doubt(flags, words, bytes, at: start + 6)
        guard accountant.last != nil, doubt.latest.raw < accountant.modulus,
            isPossible(doubt.former, accountant.modulus), doubt.addedMicrojoules <= UInt64.max / 4
        else { return false }
        accountant.doubt = doubt
        return true
    }

    private static func isPossible(_ course: FormerCourse?, _ modulus: UInt64) -> Bool {
        guard let course else { return true }
        return course.aheadMicrojoules < modulus && course.surplusMicrojoules.magnitude <= UInt64.max / 4
    }

    private static func course(
        _ words: WordReader, _ bytes: Span<UInt8>, at start: Int, isFromZero: Bool, isStill: Bool
    ) -> FormerCourse {
        FormerCourse(
            aheadMicrojoules: words[start, bytes], allowanceMicrojoules: words[start + 1, bytes],
            surplusMicrojoules: Int64(bitPattern: words[start + 2, bytes]), isFromZero: isFromZero, isStill: isStill)
    }

    private static func doubt(
        _ flags: UInt64, _ words: WordReader, _ bytes: Span<UInt8>, at start: Int
    ) -> Doubt {
        let moment = Moment(
            monotonicNanoseconds: words[start + 1, bytes], boottimeNanoseconds: words[start + 2, bytes])
        return Doubt(
            latest: CounterAccountant.Anchor(
                raw: words[start, bytes], moment: moment, readNanoseconds: words[start + 3, bytes]),
            sinceNanoseconds: words[start + 4, bytes], newSinceNanoseconds: words[start + 5, bytes],
            readings: words[start + 6, bytes], isBack: flags & Flag.isBack != 0,
            addedMicrojoules: words[start + 8, bytes], wraps: words[start + 7, bytes],
            reason: flags & Flag.jumped != 0 ? .jumped : .steppedBack,
            former: course(
                words, bytes, at: start + 9, isFromZero: flags & Flag.doubtFromZero != 0,
                isStill: flags & Flag.doubtStill != 0))
    }
}
