import ArgumentParser
import Doctor
import Kernel

/// `healthcheck`: whether a running exporter is well, told by the exit status.
struct HealthcheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck",
        abstract: "Ask a running exporter whether it is well.",
        discussion: """
            Exits with 0 and says so if it is, and with 1 and what is wrong if it is not, or if something else has the port: \
            for containers, which have no curl. An exporter that asks for a password or speaks TLS is alive, so the status is \
            0; with --ready it is 1, since such an exporter does not tell everybody whether it is ready.
            """
    )

    @Option(
        name: .customLong("web.listen-address"),
        help: ArgumentHelp(
            "Where it listens, written as for serve: :9091, 127.0.0.1:9091, [::1]:9091, unix:/path or vsock://:9091. EXPORTER_PORT sets the default's port. (default: :9091)",
            valueName: "address"),
        transform: Parsing.address)
    var address: SocketAddress?

    @Flag(help: "Ask whether a first sample is in (/-/ready), and not only whether it runs (/-/healthy).")
    var ready = false

    @Option(
        help: ArgumentHelp(
            "How long to wait for the answer: 0.5, 500ms or 3s; from 1ms to 60s. (default: 3)", valueName: "duration"),
        transform: Patience.init(parsing:))
    var timeout: Patience?

    func run() throws {
        let port = try port(environment: Process.environment)
        if let warning = port.warning { complain(warning) }
        switch probe(port).ask() {
        case .well(let sentence): Process.print(sentence + "\n")
        case .unwell(let sentence):
            complain(sentence)
            throw ExitCode(1)
        }
    }

    private func complain(_ sentence: String) {
        Process.print("pyjoules-exporter healthcheck: \(sentence)\n", toError: true)
    }

    /// What the environment says where no address is named.
    func port(environment lookup: @escaping (String) -> String?) throws(WrongValue) -> Environment.Port {
        address == nil ? try Environment(lookup).port() : Environment.Port()
    }

    /// The options over the environment over the defaults.
    func probe(_ port: Environment.Port) -> HealthProbe {
        HealthProbe(
            ready ? .ready : .healthy, at: address ?? .any(port: port.number ?? Configuration().defaultPort),
            patienceNanoseconds: timeout?.nanoseconds ?? 3_000_000_000, version: Build.version)
    }
}
