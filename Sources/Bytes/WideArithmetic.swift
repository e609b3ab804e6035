/// Multiplying and dividing without losing on the way what does not fit in 64 bits.
extension UInt64 {
    /// `self * numerator / denominator`, rounded down; the largest number if it does not fit.
    @inlinable
    public func scaled(by numerator: UInt64, over denominator: UInt64) -> UInt64 {
        scaledWithRemainder(by: numerator, over: denominator).quotient
    }

    /// `(self * numerator + carried) / denominator`, rounded down, and what remains.
    ///
    /// With the remainder of one division carried to the next, a sum of quotients loses nothing, however often it is added to.
    /// If the quotient does not fit it is the largest number, and nothing remains.
    @inlinable
    public func scaledWithRemainder(
        by numerator: UInt64, over denominator: UInt64, carrying carried: UInt64 = 0
    ) -> (quotient: UInt64, remainder: UInt64) {
        precondition(denominator > 0)
        let product = multipliedFullWidth(by: numerator)
        let (low, carries) = product.low.addingReportingOverflow(carried)
        // The product's upper half is at most 2^64 - 2.
        let high = product.high + (carries ? 1 : 0)
        guard high < denominator else { return (.max, 0) }
        return denominator.dividingFullWidth((high, low))
    }
}
