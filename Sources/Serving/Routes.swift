import Bytes

/// What a path leads to.
enum Route: Equatable {
    case landing
    case metrics
    /// The loop runs, which answering proves.
    case healthy
    /// The first values are there.
    case ready
    case unknown
}

/// The paths that are served.
struct Routes {
    private let telemetryPath: [UInt8]

    init(telemetryPath: String) {
        self.telemetryPath = Array(telemetryPath.utf8)
    }

    func route(_ path: Span<UInt8>) -> Route {
        if path.equals(telemetryPath.span) { return .metrics }
        if path.equals("/") { return .landing }
        if path.equals("/-/healthy") { return .healthy }
        if path.equals("/-/ready") { return .ready }
        return .unknown
    }
}
