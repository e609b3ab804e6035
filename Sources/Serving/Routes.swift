import Bytes
import HTTP

/// What a path leads to.
enum Route: Equatable {
    case page
    case metrics
    case json
    case stream
    /// The loop runs, which answering proves.
    case healthy
    /// The first values are there.
    case ready
    case unknown
}

/// The paths that are served.
struct Routes {
    /// What there is under a path.
    enum Place: Equatable {
        case here(Route)
        /// The path has empty or dotted segments, without which it leads to this.
        case elsewhere(Route)
    }

    private let telemetryPath: [UInt8]
    private let jsonPath: [UInt8]
    private let streamPath: [UInt8]

    init(_ paths: ServicePaths) {
        telemetryPath = Array(paths.telemetry.utf8)
        jsonPath = Array(paths.json.utf8)
        streamPath = Array(paths.stream.utf8)
    }

    /// Looks under a path as it was sent, and only then under what else it may mean.
    func place(_ path: Span<UInt8>) -> Place {
        let route = route(path)
        guard route == .unknown, let normal = NormalPath(path) else { return .here(route) }
        let other = normal.withBytes(self.route)
        return normal.isShorter && other != .unknown ? .elsewhere(other) : .here(other)
    }

    /// Appends the path of a place.
    func append(pathOf route: Route, to buffer: inout ByteBuffer) {
        switch route {
        case .metrics: buffer.append(telemetryPath.span)
        case .json: buffer.append(jsonPath.span)
        case .stream: buffer.append(streamPath.span)
        case .healthy: buffer.append("/-/healthy")
        case .ready: buffer.append("/-/ready")
        case .page, .unknown: buffer.append("/")
        }
    }

    private func route(_ path: Span<UInt8>) -> Route {
        if path.equals(telemetryPath.span) { return .metrics }
        if path.equals("/") { return .page }
        if path.equals(jsonPath.span) { return .json }
        if path.equals(streamPath.span) { return .stream }
        if path.equals("/-/healthy") { return .healthy }
        if path.equals("/-/ready") { return .ready }
        return .unknown
    }
}
