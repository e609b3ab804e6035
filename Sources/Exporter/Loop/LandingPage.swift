import Bytes
import Sources

/// The page at `/`: what this is, and where the numbers are.
func landingPage(telemetryPath: String, _ report: SourceReport) -> ByteBuffer {
    let state =
        report.isSimulated
        ? "<p><strong>SIMULATED: these numbers come from a model and measure nothing.</strong></p>"
        : report.isUp
            ? "<p>Energy source: \(report.name).</p>"
            : "<p><strong>No energy counter could be read when the exporter started; the log says why, and the metrics what is read now.</strong></p>"
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
