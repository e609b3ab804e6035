import Bytes

/// Reads `rate_limit`.
enum RateLimitSection {
    private static let longestInterval: UInt64 = 3_600_000_000_000
    private static let greatestBurst = 1_000_000

    /// Nil if the interval is zero or missing, which turns the limit off.
    static func limit(
        _ node: YAMLNode, line: Int, _ warnings: inout [WebConfigurationWarning]
    ) throws(WebConfigurationError) -> WebConfiguration.RateLimit? {
        let section = try Section(node, name: "rate_limit", line: line, keys: ["interval", "burst"])
        let interval = try interval(section)
        let burst = try burst(section)
        guard interval > 0 else { return nil }
        if burst == 0 {
            warnings.append(
                WebConfigurationWarning(
                    line: section.line(of: "burst"),
                    "rate_limit.burst: with 0, as without it, every request is refused with 429; 1 to \(greatestBurst) let some through"
                ))
        }
        return WebConfiguration.RateLimit(intervalNanoseconds: interval, burst: burst)
    }

    private static func interval(_ section: Section) throws(WebConfigurationError) -> UInt64 {
        guard let text = try section.text("interval") else { return 0 }
        guard let interval = GoDuration.nanoseconds(text), interval <= longestInterval else {
            throw section.wrong("interval", text, "allowed are 0 and 1ns to 1h, written like 250ms, 1s or 1m30s")
        }
        return interval
    }

    /// As other exporters do, it is 0 if it is missing or less.
    private static func burst(_ section: Section) throws(WebConfigurationError) -> Int {
        guard let scalar = try section.scalar("burst") else { return 0 }
        let isNegative = scalar.text.hasPrefix("-")
        let digits = scalar.text.dropFirst(isNegative ? 1 : 0)
        let isNumber = scalar.isPlain && digits.utf8.allSatisfy(\.isASCIIDigit)
        // A zero in front would make it octal.
        guard isNumber, digits == "0" || !digits.hasPrefix("0"), let burst = Int(digits), burst <= greatestBurst else {
            throw section.wrong("burst", scalar.text, "allowed are the whole numbers 1 to \(greatestBurst)")
        }
        return isNegative ? 0 : burst
    }
}

/// A span of time as Go writes it: numbers with units, one after the other.
enum GoDuration {
    private static let units: [(name: String, nanoseconds: UInt64)] = [
        ("ns", 1), ("us", 1000), ("\u{B5}s", 1000), ("\u{3BC}s", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Reads `250ms`, `1.5s`, `1m30s` or `0`; nil for anything else, for what is negative and for what overflows.
    static func nanoseconds(_ text: String) -> UInt64? {
        if text == "0" { return 0 }
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard !rest.isEmpty else { return nil }
        var total: UInt64 = 0
        while !rest.isEmpty {
            guard let part = takePart(&rest) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        return total
    }

    /// One number and its unit.
    private static func takePart(_ rest: inout Substring.UTF8View) -> UInt64? {
        let whole = rest.prefix(while: \.isASCIIDigit)
        rest = rest.dropFirst(whole.count)
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: \.isASCIIDigit)
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        let name = rest.prefix { !$0.isASCIIDigit && $0 != UInt8(ascii: ".") }
        rest = rest.dropFirst(name.count)
        let unitName = String(decoding: name, as: UTF8.self)
        guard let unit = units.first(where: { $0.name.utf8.elementsEqual(unitName.utf8) })?.nanoseconds else {
            return nil
        }
        guard let count = whole.isEmpty ? 0 : UInt64(String(decoding: whole, as: UTF8.self)) else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        let (sum, sumOverflow) = product.addingReportingOverflow(part(fraction, of: unit))
        return sumOverflow ? nil : sum
    }

    /// What the digits after a point make of a unit, rounded down; those beyond the 18th are less than a nanosecond.
    private static func part(_ digits: Substring.UTF8View, of unit: UInt64) -> UInt64 {
        var (numerator, denominator) = (UInt64(0), UInt64(1))
        for digit in digits.prefix(18) {
            numerator = numerator * 10 + UInt64(digit - 0x30)
            denominator *= 10
        }
        // The quotient is less than the unit, since the numerator is less than the denominator.
        return denominator.dividingFullWidth(numerator.multipliedFullWidth(by: unit)).quotient
    }
}
