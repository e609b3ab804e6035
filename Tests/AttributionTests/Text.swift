import Attribution
import Bytes

/// Lends a text's bytes.
func withBytes<Result>(_ text: String, _ body: (Span<UInt8>) -> Result) -> Result {
    body(Array(text.utf8).span)
}

/// Labels as a page would have them, in a fixed order; "pass" and "descend" in front where the directory is not shown.
func told(_ path: [UInt8], _ level: AttributionLevel, descending globs: [String] = []) -> String {
    let span = path.span
    switch CgroupPlace(span, level: level, descending: globs.compactMap { Glob($0) }) {
    case .pass: return "pass"
    case .descend(let name): return "descend " + labels(name, span)
    case .show(let name): return labels(name, span)
    }
}

func told(_ path: String, _ level: AttributionLevel, descending globs: [String] = []) -> String {
    told(Array(path.utf8), level, descending: globs)
}

private func labels(_ name: CgroupName, _ path: Span<UInt8>) -> String {
    var parts = ["\(name.type.label)"]
    func add(_ label: String, _ write: (inout ByteBuffer) -> Void) {
        var buffer = ByteBuffer(capacity: 20000)
        write(&buffer)
        let value = buffer.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
        if !value.isEmpty { parts.append("\(label)=\(value)") }
    }
    add("slice") { name.appendSlice(of: path, to: &$0) }
    add("name") { name.appendName(of: path, to: &$0) }
    add("pod") { name.appendPodUID(of: path, to: &$0) }
    add("id") { $0.append(path.extracting(name.containerID)) }
    if let runtime = name.runtime { parts.append("runtime=\(runtime.label)") }
    add("uid") { $0.append(path.extracting(name.uid)) }
    return parts.joined(separator: " ")
}
