public import Bytes
import Counters

/// Appends a ledger's image to a buffer, record by record. It allocates nothing.
public struct LedgerEncoder {
    private var sum = Checksum()
    private var recordsLeft: Int

    /// Appends the header of an image with so many records.
    public init(boot: BootIdentity, sequence: UInt64, recordCount: Int, into bytes: inout ByteBuffer) {
        precondition(recordCount <= LedgerImage.capacity)
        recordsLeft = recordCount
        bytes.append(LedgerImage.magic, &sum)
        bytes.append(sequence, &sum)
        bytes.append(boot.high, &sum)
        bytes.append(boot.low, &sum)
        bytes.append(UInt64(recordCount), &sum)
        bytes.append(UInt64(LedgerImage.recordWords * 8), &sum)
        bytes.append(UInt64(LedgerImage.headerWords * 8), &sum)
        bytes.append(0, &sum)
    }

    /// Appends a record of a counter that was last measured at the write of a number.
    public mutating func append(
        _ identity: borrowing LedgerIdentity, _ accountant: borrowing CounterAccountant, startUnixMicroseconds: UInt64,
        lastSeenSequence: UInt64, into bytes: inout ByteBuffer
    ) {
        appendFacts(identity, accountant, startUnixMicroseconds, into: &bytes)
        bytes.append(accountant.debtMicrojoules, &sum)
        bytes.append(accountant.glitches, &sum)
        bytes.append(accountant.largestRiseMicrojoules, &sum)
        appendName(identity, into: &bytes)
        bytes.append(lastSeenSequence, &sum)
        LedgerCourse.append(accountant, &sum, into: &bytes)
    }

    /// Appends a record as it was read.
    public mutating func append(_ record: borrowing LedgerRecord, into bytes: inout ByteBuffer) {
        append(
            record.identity, record.accountant, startUnixMicroseconds: record.startUnixMicroseconds,
            lastSeenSequence: record.lastSeenSequence, into: &bytes)
    }

    /// Appends the checksum, which makes the image whole.
    public func finish(into bytes: inout ByteBuffer) {
        precondition(recordsLeft == 0)
        bytes.append(littleEndian: sum.value)
    }

    private mutating func appendFacts(
        _ identity: borrowing LedgerIdentity, _ accountant: borrowing CounterAccountant,
        _ startUnixMicroseconds: UInt64,
        into bytes: inout ByteBuffer
    ) {
        recordsLeft -= 1
        bytes.append(identity.number, &sum)
        bytes.append(accountant.modulus, &sum)
        bytes.append(accountant.boundMicrowatts, &sum)
        bytes.append(accountant.totalMicrojoules, &sum)
        bytes.append(accountant.wraps, &sum)
        bytes.append(accountant.resets, &sum)
        bytes.append(accountant.gaps, &sum)
        bytes.append(accountant.last == nil ? 0 : 1, &sum)
        bytes.append(accountant.last?.raw ?? 0, &sum)
        bytes.append(accountant.last?.moment.monotonicNanoseconds ?? 0, &sum)
        bytes.append(accountant.last?.moment.boottimeNanoseconds ?? 0, &sum)
        bytes.append(startUnixMicroseconds, &sum)
        bytes.append(identity.nameSeal, &sum)
    }

    /// The name is no part of the checksum, since its seal is.
    private func appendName(_ identity: borrowing LedgerIdentity, into bytes: inout ByteBuffer) {
        bytes.append(littleEndian: identity.nameWords.span)
        for _ in identity.nameWords.count..<LedgerIdentity.nameWordCount { bytes.append(littleEndian: 0) }
    }
}
