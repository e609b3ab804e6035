import Attribution
import Bytes

/// Reads the bytes as the path of a control group, and checks what must hold whatever they are.
///
/// The first byte says how far down is looked, and whether everything is opened.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCgroupName(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let levels: [AttributionLevel] = [.slices, .units, .containers]
    let path = Array(input.dropFirst())
    check(path, levels[Int(first) % 3], first & 0x80 > 0 ? everything : [])
    return 0
}

private let everything = ["*", "*/*"].compactMap { Glob($0) }

/// All ranges lie in the path, values have a bounded length, and what is above a directory that is not passed is looked into.
private func check(_ path: [UInt8], _ level: AttributionLevel, _ globs: [Glob]) {
    switch CgroupPlace(path.span, level: level, descending: globs) {
    case .pass: return
    case .descend(let name):
        precondition(name.type == .rest && name.name.isEmpty && name.containerID.isEmpty)
        checkValues(name, path)
    case .show(let name):
        precondition(name.type != .container || name.containerID.count == 64)
        precondition(name.type != .pod || !name.podUID.isEmpty)
        precondition(name.type != .user || !name.uid.isEmpty)
        checkValues(name, path)
    }
    checkParent(of: path, level, globs)
}

private func checkValues(_ name: CgroupName, _ path: [UInt8]) {
    for range in [name.slice, name.name, name.podUID, name.containerID, name.uid] {
        precondition(range.upperBound <= path.count)
    }
    var buffer = ByteBuffer(capacity: 4 * CgroupPlace.mostPathBytes)
    name.appendSlice(of: path.span, to: &buffer)
    checkText(&buffer)
    name.appendName(of: path.span, to: &buffer)
    checkText(&buffer)
    name.appendPodUID(of: path.span, to: &buffer)
    checkText(&buffer)
}

private func checkText(_ buffer: inout ByteBuffer) {
    precondition(!buffer.overflowed)
    let isText = buffer.withBytes { bytes in
        let content = bytes.indices.map { bytes[$0] }
        return String(validating: content, as: UTF8.self) != nil
    }
    precondition(isText)
    buffer.removeAll()
}

private func checkParent(of path: [UInt8], _ level: AttributionLevel, _ globs: [Glob]) {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { return }
    let parent = Array(path[..<slash])
    guard case .descend = CgroupPlace(parent.span, level: level, descending: globs) else { preconditionFailure() }
}
