import Bytes
import Counters

@testable import Accounts

/// Feeds any bytes to the reader of ledgers, as they come and with the checksum that they ought to have, and lets counters go on
/// from what was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLedger(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    check(bytes)
    if let sealed = sealed(bytes) { check(sealed) }
    return 0
}

private func check(_ bytes: [UInt8]) {
    guard let image = read(bytes), image.records.count <= LedgerImage.capacity else { return }
    // What was read is written and read again as the same.
    precondition(read(written(image)) == image)
    for record in image.records { goOn(record.accountant, with: bytes) }
}

private func read(_ bytes: [UInt8]) -> LedgerImage? {
    do throws(LedgerImage.Refusal) {
        return try LedgerImage.decode(bytes.span)
    } catch {
        return nil
    }
}

private func written(_ image: LedgerImage) -> [UInt8] {
    var buffer = ByteBuffer(capacity: LedgerImage.longestBytes)
    var encoder = LedgerEncoder(
        boot: image.boot, sequence: image.sequence, recordCount: image.records.count, into: &buffer)
    for record in image.records { encoder.append(record, into: &buffer) }
    encoder.finish(into: &buffer)
    return buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
}

/// Readings made of the same bytes: the total never falls, as long as it is far from the end of its numbers.
private func goOn(_ accountant: CounterAccountant, with bytes: [UInt8]) {
    var accountant = accountant
    let words = WordReader(bytes.span)
    let largest = UInt64(1) << 60
    var moment = accountant.last?.moment ?? Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0)
    for index in 0..<min(words.count, 64) {
        let word = words[index, bytes.span]
        moment.monotonicNanoseconds &+= word >> 30
        moment.boottimeNanoseconds &+= word >> (word & 1 == 0 ? 30 : 28)
        if word & 0xF0 == 0 { accountant.expectReturn() }
        let before = accountant.totalMicrojoules
        let raw = word & 2 == 0 ? word % accountant.modulus : (accountant.last?.raw ?? 0) &+ word & 0xFFFF_FFFF
        let step = accountant.take(raw, at: ReadSpan(before: moment, after: moment))
        precondition((step == .outOfRange) == (raw >= accountant.modulus))
        guard before < largest, accountant.modulus < largest else { return }
        precondition(accountant.totalMicrojoules >= before)
    }
}

/// The bytes with the right checksum behind the records that they announce; nil if they announce none.
private func sealed(_ bytes: [UInt8]) -> [UInt8]? {
    let words = WordReader(bytes.span)
    guard words.count > LedgerImage.headerWords, words[0, bytes.span] == LedgerImage.magic else { return nil }
    let (header, length) = (words[6, bytes.span] / 8, words[5, bytes.span] / 8)
    let (records, overflows) = words[4, bytes.span].multipliedReportingOverflow(by: length)
    guard !overflows, length > 0, records < 65_536, header < 65_536, Int(records + header) < words.count else {
        return nil
    }
    let end = Int(records + header)
    let sum = LedgerImage.checksum(words, bytes.span, Int(header), Int(length), end)
    var sealed = bytes
    for offset in 0..<8 { sealed[end * 8 + offset] = UInt8(truncatingIfNeeded: sum >> UInt64(offset * 8)) }
    return sealed
}
