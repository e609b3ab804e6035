import Bytes

/// A path as all spellings of it come to: with unreserved characters out of their escapes (RFC 3986 section 6.2.2.2), which are the
/// same path, and then without empty and dotted segments, which are another path that leads to the same place, as in Go's servers.
public struct NormalPath {
    /// A longer one leads nowhere.
    public static let longestBytes = 256

    private var bytes = InlineArray<256, UInt8>(repeating: 0)
    private var count = 0
    /// Segments were left out, so that whoever asked should be told the right path.
    public private(set) var isShorter = false

    /// Nil if it does not begin with a slash, or is too long.
    public init?(_ path: Span<UInt8>) {
        guard !path.isEmpty, path[0] == UInt8(ascii: "/") else { return nil }
        var index = 0
        while index < path.count {
            let (byte, length) = NormalPath.unescaped(path, at: index)
            index += length
            if byte == UInt8(ascii: "/") { endSegment(isLast: false) }
            // A slash after an empty or dotted segment stands there already.
            if byte == UInt8(ascii: "/"), count > 0, bytes[count - 1] == byte { continue }
            guard count < NormalPath.longestBytes else { return nil }
            bytes[count] = byte
            count += 1
        }
        endSegment(isLast: true)
    }

    /// Lends it.
    public func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(bytes.span.extracting(0..<count))
    }

    /// Takes the last segment away if it is `.`, and the one before it too if it is `..`; an empty one is none but at the end.
    private mutating func endSegment(isLast: Bool) {
        guard count > 0 else { return }
        var start = count
        while bytes[start - 1] != UInt8(ascii: "/") { start -= 1 }
        let isDotted = (start..<count).allSatisfy { bytes[$0] == UInt8(ascii: ".") } && count - start <= 2
        if isDotted && count > start {
            isShorter = true
            if count - start == 2 { start = startOfSegment(before: start) }
            count = start
        } else if count == start, !isLast {
            isShorter = true
        }
    }

    /// Where the segment begins that ends before the slash that ends at an offset; the root has none before it.
    private func startOfSegment(before end: Int) -> Int {
        guard end > 1 else { return 1 }
        var start = end - 1
        while bytes[start - 1] != UInt8(ascii: "/") { start -= 1 }
        return start
    }

    /// The byte at an offset, and how many bytes spell it. What is reserved stays in its escape, where it means something else.
    private static func unescaped(_ path: Span<UInt8>, at index: Int) -> (byte: UInt8, length: Int) {
        guard path[index] == UInt8(ascii: "%"), let byte = hexadecimalByte(path, at: index + 1),
            isUnreserved(byte)
        else { return (path[index], 1) }
        return (byte, 3)
    }

    /// Letters, digits and `-._~`. See RFC 3986 section 2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
