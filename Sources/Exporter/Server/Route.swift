import Bytes
import HTTP

/// What a path leads to.
enum Route: Equatable {
    case landing
    case metrics
    /// The loop runs, which answering proves.
    case healthy
    /// A first sample is in.
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
        if Routes.equal(path, telemetryPath.span) { return .metrics }
        if Routes.equal(path, "/") { return .landing }
        if Routes.equal(path, "/-/healthy") { return .healthy }
        if Routes.equal(path, "/-/ready") { return .ready }
        return .unknown
    }

    private static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }

    private static func equal(_ path: Span<UInt8>, _ text: StaticString) -> Bool {
        guard path.count == text.utf8CodeUnitCount else { return false }
        for index in path.indices where unsafe path[index] != text.utf8Start[index] { return false }
        return true
    }
}

/// The page at `/`: what this is, and where the numbers are.
func landingPage(telemetryPath: String, sourceName: String, isUp: Bool, isSimulated: Bool) -> ByteBuffer {
    let state =
        isSimulated
        ? "<p><strong>SIMULATED: these numbers come from a model and measure nothing.</strong></p>"
        : isUp
            ? "<p>Energy source: \(sourceName).</p>"
            : "<p><strong>No energy counter can be read on this machine; the log says why.</strong></p>"
    var page = ByteBuffer(capacity: 2048)
    page.append(
        """
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>pyjoules-exporter</title></head>
        <body>
        <h1>pyjoules-exporter</h1>
        <p>The energy this machine uses, for Prometheus. Version \(Build.version), revision \(Build.revision).</p>
        \(state)
        <ul>
        <li><a href="\(telemetryPath)">Metrics</a></li>
        <li><a href="/-/healthy">Healthy</a></li>
        <li><a href="/-/ready">Ready</a></li>
        </ul>
        </body>
        </html>

        """)
    precondition(!page.overflowed)
    return page
}
