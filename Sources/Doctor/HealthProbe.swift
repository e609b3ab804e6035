import Bytes
public import Kernel

/// What is asked of an exporter.
public enum HealthQuestion: String, Sendable {
    /// Whether its loop runs.
    case healthy = "/-/healthy"
    /// Whether a first sample is in.
    case ready = "/-/ready"
}

/// What came of it, each in a sentence for people.
public enum HealthVerdict: Equatable, Sendable {
    /// It is as it should be.
    case well(String)
    /// It is not, or does not tell; with what helps.
    case unwell(String)
}

/// One question to a running exporter, and the wait for its answer, all of it within one deadline.
public struct HealthProbe: Equatable {
    let address: SocketAddress
    let question: HealthQuestion
    let patienceNanoseconds: UInt64
    private let version: String

    /// - Parameters:
    ///   - address: where the exporter listens.
    ///   - patienceNanoseconds: how long its answer is waited for.
    ///   - version: this program's, which the request tells.
    public init(_ question: HealthQuestion, at address: SocketAddress, patienceNanoseconds: UInt64, version: String) {
        self.question = question
        self.address = address
        self.patienceNanoseconds = patienceNanoseconds
        self.version = version
    }

    /// Asks, and waits for the answer.
    public func ask() -> HealthVerdict {
        let deadline = Clock.monotonicNanoseconds() + patienceNanoseconds
        do throws(Exchange.Failure) {
            var exchange = try Exchange(address, deadlineNanoseconds: deadline)
            return HealthAnswer(try exchange.answer(to: request)).verdict(on: question, place: place)
        } catch {
            return .unwell(sentence(error))
        }
    }

    /// The address in the words of a client.
    var place: String {
        switch address {
        case .any(let port): "http://127.0.0.1:\(port)"
        case .ipv4, .ipv6: "http://\(address)"
        case .unix(let path, _): "unix:\(path)"
        case .vsock: "\(address)"
        }
    }

    private var request: String {
        "GET \(question.rawValue) HTTP/1.1\r\nHost: localhost\r\nUser-Agent: pyjoules-exporter-healthcheck/\(version)\r\n"
            + "Connection: close\r\n\r\n"
    }

    private func sentence(_ failure: Exchange.Failure) -> String {
        switch failure {
        case .late:
            "\(place) did not answer within \(decimal(patienceNanoseconds, digits: 9, shown: 3)) s; the exporter is stuck or "
                + "overloaded: its log tells, and --timeout waits longer"
        case .ended(let code): "the connection to \(place) ended without an answer: \(code.map { "\($0)" } ?? "closed")"
        case .notConnected(let code): sentence(code)
        case .failed(let error): "cannot go on: \(error)"
        }
    }

    /// Why nobody could be asked, and what helps.
    private func sentence(_ code: ErrorCode) -> String {
        switch code {
        case .connectionRefused, .notFound:
            "nobody listens on \(place); start the exporter, or name its address with --web.listen-address"
        case .permissionDenied:
            "\(place) may not be connected to: \(code); run this as a user who may write to that file"
        default: "\(place) cannot be reached: \(code)"
        }
    }
}
