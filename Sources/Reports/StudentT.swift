/// Student's t distribution.
enum StudentT {
    /// The quantile of 97.5 %, between which and its negative 95 % of all values lie: exact to 2 millionths.
    ///
    /// - Parameter degreesOfFreedom: at least 1.
    static func quantile(degreesOfFreedom: Int) -> Double {
        precondition(degreesOfFreedom > 0)
        guard degreesOfFreedom > few.count else { return few[degreesOfFreedom - 1] }
        // The series of Abramowitz and Stegun, 26.7.5, in the quantile of the normal distribution.
        let reciprocal = 1 / Double(degreesOfFreedom)
        return series.reversed().reduce(0) { $0 * reciprocal + $1 }
    }

    /// Of 1 to 15 degrees of freedom, for which the series is not exact enough.
    private static let few = [
        12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139, 2.200985,
        2.178813, 2.160369, 2.144787, 2.131450,
    ]
    private static let series = [1.959963985, 2.372271230, 2.822498616, 2.555849680, 1.589534053]
}
