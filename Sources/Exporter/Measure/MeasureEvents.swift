import Kernel

/// What `measure` waits for: its timers, and signals.
struct MeasureEvents: ~Copyable {
    enum Source: UInt64 {
        case samples
        case end
        case signals
    }

    /// What one wait brought.
    struct Wakeup {
        var isSampleDue = false
        var isTimeOver = false
        var hasChildChanged = false
        /// Those that ask to end.
        var signals: [ReceivedSignal] = []
    }

    private let epoll: Epoll
    private var batch = EventBatch(capacity: 4)
    let signals: SignalReceiver
    /// The signal that asked to end; nothing is begun after it.
    private(set) var stop: SignalNumber?

    /// The signals that `measure` takes.
    static func receiveSignals() throws(SystemError) -> SignalReceiver {
        try SignalReceiver([.terminate, .interrupt, .hangUp, .quit, .childChanged])
    }

    init(_ signals: consuming SignalReceiver) throws(SystemError) {
        let epoll = try Epoll()
        try epoll.add(signals.descriptor, .readable, token: Source.signals.rawValue)
        self.epoll = epoll
        self.signals = signals
    }

    /// A timer that is waited for as long as it lives.
    func timer(_ nanoseconds: UInt64, _ source: Source) throws(SystemError) -> Timer {
        let timer = try Timer(intervalNanoseconds: nanoseconds)
        try epoll.add(timer.descriptor, .readable, token: source.rawValue)
        return timer
    }

    /// Waits, for as long as it takes if no time is said.
    mutating func wait(milliseconds: Int32?) throws(SystemError) -> Wakeup {
        try epoll.wait(into: &batch, timeoutMilliseconds: milliseconds)
        var wakeup = Wakeup()
        for index in 0..<batch.count {
            switch Source(rawValue: batch[token: index]) {
            case .samples: wakeup.isSampleDue = true
            case .end: wakeup.isTimeOver = true
            case .signals: try takeSignals(&wakeup)
            case .none: break
            }
        }
        return wakeup
    }

    /// Takes the signals that have arrived, without waiting.
    mutating func takeSignals(_ wakeup: inout Wakeup) throws(SystemError) {
        while let signal = try signals.take() {
            if signal.number == .childChanged {
                wakeup.hasChildChanged = true
            } else {
                wakeup.signals.append(signal)
                stop = signal.number
            }
        }
    }
}
