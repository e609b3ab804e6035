import Kernel

/// The loop of a reader: a timer, and the signals that ask to end.
struct ReaderLoop: ~Copyable {
    private enum Source: UInt64 {
        case timer
        case signals
    }

    /// What one wait brought.
    enum Wakeup {
        /// It is time; the number counts from 1.
        case tick(Int)
        /// A signal asks to end.
        case end
    }

    private let epoll: Epoll
    private var batch = EventBatch(capacity: 2)
    private let signals: SignalReceiver
    private let timer: Timer
    private var failures = FailureBudget()
    private var ticks = 0

    /// Blocks the signals and starts the timer, whose first tick comes after one period.
    init(periodNanoseconds: UInt64) throws(SystemError) {
        let signals = try SignalReceiver()
        let timer = try Timer(intervalNanoseconds: periodNanoseconds)
        let epoll = try Epoll()
        try epoll.add(signals.descriptor, .readable, token: Source.signals.rawValue)
        try epoll.add(timer.descriptor, .readable, token: Source.timer.rawValue)
        self.epoll = epoll
        self.signals = signals
        self.timer = timer
    }

    /// Waits for what comes next. Ticks that went by meanwhile are passed over.
    mutating func wait() throws(SystemError) -> Wakeup {
        while true {
            do throws(SystemError) {
                if try isAskedToEnd() { return .end }
                if try timer.takeExpirations() > 0 {
                    ticks += 1
                    return .tick(ticks)
                }
                try epoll.wait(into: &batch, timeoutMilliseconds: nil)
                failures.restore()
            } catch {
                try failures.spend(error)
            }
        }
    }

    /// Whether a signal has asked to end by now. SIGHUP has nothing to read again, and is passed over.
    func isAskedToEnd() throws(SystemError) -> Bool {
        while let signal = try signals.takeSignal() {
            if signal == .terminate { return true }
        }
        return false
    }
}
