import HTTP
import Kernel
import TLS

/// How many steps of TLS handshakes may still be made in this turn.
struct Handshakes {
    private var left = Limits.handshakesPerTurn

    /// What a step came to.
    enum Outcome {
        case done
        case wait(Interest)
        case failed(TLSFailure)
    }

    mutating func beginTurn() { left = Limits.handshakesPerTurn }

    /// Goes on with one connection's handshake, or leaves it to the next turn: epoll reports it again at once.
    mutating func advance(_ connection: inout Connection, at now: UInt64) -> Outcome {
        guard left > 0 else { return .wait(connection.interest) }
        left -= 1
        switch connection.handshake(at: now) {
        case .done: return .done
        case .wantsRead: return .wait(.readable)
        case .wantsWrite: return .wait(.writable)
        case .failed(let failure): return .failed(failure)
        }
    }
}
