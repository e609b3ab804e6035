extension UInt64 {
    /// The sum, or the largest number if it does not fit.
    @inlinable
    public func saturatingSum(_ other: UInt64) -> UInt64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? UInt64.max : sum
    }
}
