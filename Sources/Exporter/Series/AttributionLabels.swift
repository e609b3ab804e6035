import Attribution
import Bytes
import Metrics

/// The labels of an account; those of which nothing is known are left out.
enum AttributionLabels {
    /// Their names, in the order in which a row has them.
    static let names: [StaticString] = [
        "type", "slice", "name", "pod_uid", "container_id", "runtime", "uid", "pod_name", "pod_namespace",
        "container_name",
    ]
    /// Their names, and values as long as an account may have.
    static let longestBytes = CgroupName.longestLabelBytes + 192

    static func append(_ account: Attribution.AccountFacts, to labels: inout LabelWriter) {
        let (path, name) = (account.path.span, account.name)
        var text = ByteBuffer(capacity: CgroupName.longestLabelBytes)
        text.append(name.type.label)
        take(&text, as: "type", &labels)
        name.appendSlice(of: path, to: &text)
        take(&text, as: "slice", &labels)
        name.appendName(of: path, to: &text)
        take(&text, as: "name", &labels)
        name.appendPodUID(of: path, to: &text)
        take(&text, as: "pod_uid", &labels)
        text.append(path.extracting(name.containerID))
        take(&text, as: "container_id", &labels)
        if let runtime = name.runtime { text.append(runtime.label) }
        take(&text, as: "runtime", &labels)
        text.append(path.extracting(name.uid))
        take(&text, as: "uid", &labels)
        append(podLog: account.podLog.span, to: &labels)
    }

    private static func append(podLog: Span<UInt8>, to labels: inout LabelWriter) {
        guard let parts = PodLogName(podLog) else { return }
        labels.append("pod_name", podLog.extracting(parts.pod))
        labels.append("pod_namespace", podLog.extracting(parts.namespace))
        if !parts.container.isEmpty { labels.append("container_name", podLog.extracting(parts.container)) }
    }

    private static func take(_ text: inout ByteBuffer, as label: StaticString, _ labels: inout LabelWriter) {
        if !text.isEmpty { text.withBytes { labels.append(label, $0) } }
        text.removeAll()
    }
}
