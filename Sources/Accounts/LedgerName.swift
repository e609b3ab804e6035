import Counters

extension LedgerIdentity {
    /// The device and the name that it was shown under; nil in records of the first layout, and if the text was longer than there is
    /// room for.
    public var name: (identity: String, tag: String)? {
        let length = Int(nameSeal & 0xFFFF)
        guard length > 0, length <= LedgerIdentity.nameBytes else { return nil }
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: nameWords[$0 / 8] >> UInt64($0 % 8 * 8)) }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: LedgerIdentity.separator)
        guard words.count > 1, let tag = words.last else { return nil }
        return (words.dropLast().joined(separator: LedgerIdentity.separator), String(tag))
    }
}

extension LedgerRecord {
    /// When its counter was read last, since the machine was started; 0 if nobody knows.
    public var lastNanoseconds: UInt64 { accountant.last?.moment.boottimeNanoseconds ?? 0 }
}
