import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct SignalReceiverTests {
    @Test(
        arguments: [
            (SIGTERM, .terminate), (SIGINT, .terminate), (SIGHUP, .reload),
        ] as [(Int32, Signal)])
    func `a signal is received instead of ending the process`(number: Int32, signal: Signal) throws {
        try withSignalsKept {
            let receiver = try SignalReceiver()
            #expect(try receiver.takeSignal() == nil)
            raise(number)
            try waitUntilReady(receiver.descriptor, .readable)
            #expect(try receiver.takeSignal() == signal)
            #expect(try receiver.takeSignal() == nil)
        }
    }

    @Test func `signals that wait are received one by one`() throws {
        try withSignalsKept {
            let receiver = try SignalReceiver()
            for number in [SIGHUP, SIGTERM, SIGINT] { raise(number) }
            var received: [Signal] = []
            while let signal = try receiver.takeSignal() { received.append(signal) }
            #expect(received.count == 3)
            #expect(received.filter { $0 == .reload }.count == 1)
        }
    }

    @Test func `a broken pipe is no signal to act on`() throws {
        try withSignalsKept {
            let receiver = try SignalReceiver()
            raise(SIGPIPE)
            #expect(try receiver.takeSignal() == nil)
        }
    }
}

/// Lets a test change which signals are blocked, and puts everything back: signals of this thread that still wait are dropped.
func withSignalsKept(_ body: () throws -> Void) throws {
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &before)
    let outcome = Result { try body() }
    var waiting = sigset_t()
    sigemptyset(&waiting)
    for number in [SIGPIPE, SIGTERM, SIGINT, SIGHUP] { sigaddset(&waiting, number) }
    var now = timespec()
    while sigtimedwait(&waiting, nil, &now) > 0 {}
    pthread_sigmask(SIG_SETMASK, &before, nil)
    try outcome.get()
}
