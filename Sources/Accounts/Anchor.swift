public import Counters

extension CounterAccountant {
    /// A reading from which the next step is measured.
    public struct Anchor: Sendable, Equatable {
        /// What the counter showed.
        public var raw: UInt64
        /// When it was read: the middle of the time that the read took.
        public var moment: Moment
        /// How long the read took.
        public var readNanoseconds: UInt64

        /// A reading and when it was taken.
        public init(raw: UInt64, moment: Moment, readNanoseconds: UInt64 = 0) {
            self.raw = raw
            self.moment = moment
            self.readNanoseconds = readNanoseconds
        }

        init(_ raw: UInt64, _ span: ReadSpan) {
            self.init(raw: raw, moment: span.middle, readNanoseconds: span.durationNanoseconds)
        }
    }
}
