import Accounts
import Bytes
import Sampling

/// A line of `/api/v1/stream`: what one sample has found. See docs/api.md.
enum SampleFrame {
    /// Appends the line of the latest sample, which began at a moment of the wall clock.
    static func append(
        _ sampling: borrowing Sampling, _ texts: DomainTexts, unixNanoseconds: UInt64, to frame: inout ByteBuffer
    ) {
        frame.append("{\"sequence\":")
        frame.append(decimal: sampling.ticks)
        frame.append(",\"time\":")
        frame.append(fixedPoint: unixNanoseconds / 1000, fractionDigits: 6)
        frame.append(",\"interval_seconds\":")
        frame.append(exact: sampling.intervalNanoseconds, digits: 9)
        frame.append(",\"host\":")
        appendMachine(sampling, to: &frame)
        frame.append(",\"domains\":[")
        for position in texts.entries.indices {
            let entry = texts.entries[position]
            frame.append(position == 0 ? "{" : ",{")
            frame.append(entry.json.span)
            frame.append(",")
            append(sampling.accounts, entry.index, to: &frame)
        }
        frame.append("]}\n")
    }

    private static func appendMachine(_ sampling: borrowing Sampling, to frame: inout ByteBuffer) {
        guard sampling.isHostKnown else { return frame.append("null") }
        frame.append("{")
        frame.append(watts: sampling.hostMicrowatts, digits: 6, microjoules: sampling.hostMicrojoules)
        frame.append("}")
    }

    private static func append(_ accounts: [DomainAccount], _ index: Int, to frame: inout ByteBuffer) {
        let accounts = accounts.span
        frame.append(
            watts: accounts[index].powerMicrowatts, digits: 6,
            microjoules: accounts[index].hasBeenRead ? accounts[index].totalMicrojoules : nil)
        frame.append("}")
    }
}
