/// A time in milliseconds, with as many digits after the point as it has: `100`, `1.5`.
public func milliseconds(_ nanoseconds: UInt64) -> String {
    var text = decimal(nanoseconds, digits: 6)
    while text.hasSuffix("0") { text.removeLast() }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
}
