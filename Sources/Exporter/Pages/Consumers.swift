import Attribution
import Bytes
import Counters
import Sampling

/// The rows of attributed energy that used most, the highest first, without allocation.
struct Consumers {
    /// No more are shown.
    static let most = 20

    private var rows = InlineArray<20, AttributionSeries.Reading>(
        repeating: AttributionSeries.Reading(index: nil, kind: 0, microjoules: 0, milliwatts: nil))
    private(set) var count = 0

    subscript(position: Int) -> AttributionSeries.Reading { rows[position] }

    /// Takes a row in if it is among those that used most; one that used nothing is not.
    mutating func consider(_ row: AttributionSeries.Reading) {
        guard row.microjoules > 0 else { return }
        var position = count
        while position > 0, rows[position - 1].microjoules < row.microjoules { position -= 1 }
        guard position < Consumers.most else { return }
        count = min(count + 1, Consumers.most)
        for later in stride(from: count - 1, to: position, by: -1) { rows[later] = rows[later - 1] }
        rows[position] = row
    }
}

/// What people call an account.
enum ConsumerName {
    /// The labels that have names, one of which is shown, and what a pod is called with its namespace.
    static let longestBytes = CgroupName.longestLabelBytes + 8

    /// Appends the name: its own, that of its slice for a rest, otherwise what tells it from others.
    static func append(_ account: Attribution.AccountFacts, to text: inout ByteBuffer) {
        let (path, name, log) = (account.path.span, account.name, account.podLog.span)
        if let pod = PodLogName(log) { return append(pod, log, to: &text) }
        name.appendName(of: path, to: &text)
        if text.isEmpty { text.append(path.extracting(name.containerID)) }
        if text.isEmpty { name.appendPodUID(of: path, to: &text) }
        if text.isEmpty { text.append(path.extracting(name.uid)) }
        if text.isEmpty { name.appendSlice(of: path, to: &text) }
        if text.isEmpty { text.append(name.type.label) }
    }

    /// Of Kubernetes: `namespace/pod`, and `/container`.
    private static func append(_ pod: PodLogName, _ log: Span<UInt8>, to text: inout ByteBuffer) {
        text.append(log.extracting(pod.namespace))
        text.append("/")
        text.append(log.extracting(pod.pod))
        guard !pod.container.isEmpty else { return }
        text.append("/")
        text.append(log.extracting(pod.container))
    }
}
