/// `value x numerator / denominator`, rounded down, without losing what does not fit in 64 bits on the way.
func scaled(_ value: UInt64, by numerator: UInt64, over denominator: UInt64) -> UInt64 {
    precondition(denominator > 0)
    let product = value.multipliedFullWidth(by: numerator)
    guard product.high < denominator else { return UInt64.max }
    return denominator.dividingFullWidth(product).quotient
}

/// The sum, or the largest number if it does not fit.
func saturatingSum(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let (sum, overflows) = first.addingReportingOverflow(second)
    return overflows ? UInt64.max : sum
}
