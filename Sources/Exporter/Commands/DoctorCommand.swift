import ArgumentParser
import Attribution
import Doctor
import Kernel

/// `doctor`: what this machine can measure, what is missing, and what mends it.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Explain what this machine can measure, what is missing, and what mends it.",
        discussion: """
            Looks at the sources of energy, at what changes the meaning of their numbers, at the sandbox, at systemd and at \
            the port, asks the exporter that runs there whether it measures, and changes nothing. Exits with 0 if all that is \
            needed works: where the service is installed or an exporter answers, energy is measured and served there; \
            otherwise one that is started would measure. Exits with 1 if something does not. It sees what the user sees who \
            runs it: the service may have other rights.
            """
    )

    @Option(
        help: ArgumentHelp("How the findings look: text or json. (default: text)", valueName: "format"),
        completion: .list(DoctorFormat.allCases.map(\.rawValue)),
        transform: Parsing.oneOf)
    var format: DoctorFormat?

    @Option(
        name: .customLong("web.listen-address"),
        help: ArgumentHelp(
            "Where the exporter is to listen, written as for serve; may be repeated. EXPORTER_PORT sets the default's port. (default: where pyjoules-exporter.socket says, or :9091)",
            valueName: "address"),
        transform: Parsing.address)
    var listenAddresses: [SocketAddress] = []

    @OptionGroup var source: SourceOptions

    @OptionGroup var pods: PodNameOptions

    @OptionGroup var cgroups: CgroupOptions

    func run() throws {
        let configuration = try configuration(environment: Process.environment)
        for warning in configuration.warnings { complain(warning) }
        do {
            try configuration.checkDirectories()
            let examination = Examination(
                source: configuration.source, sysfs: configuration.sysfs, procfs: configuration.procfs,
                feeds: configuration.feeds, cgroupfs: configuration.cgroupfs,
                podNames: configuration.attribution?.settings.podNames,
                addresses: configuration.listenAddresses)
            let report = try examination.report()
            try TextWriter.standardOutput().write(report.text(format ?? .text))
            throw ExitCode(report.isWell ? 0 : 1)
        } catch let error as StartFailure {
            complain(error.message)
        } catch let error as SystemError {
            complain("cannot go on: \(error)")
        }
        throw ExitCode(1)
    }

    /// The options over the environment over the defaults.
    func configuration(environment lookup: @escaping (String) -> String?) throws(WrongValue) -> Configuration {
        let environment = Environment(lookup)
        var configuration = Configuration()
        try source.apply(to: &configuration, environment: environment)
        cgroups.apply(to: &configuration)
        pods.apply(to: &configuration)
        configuration.listenAddresses = listenAddresses
        if listenAddresses.isEmpty {
            let port = try environment.port()
            configuration.listenAddresses = port.number.map { [.any(port: $0)] } ?? []
            configuration.warnings += port.warning.map { [$0] } ?? []
        }
        return configuration
    }

    private func complain(_ message: String) {
        Process.print("pyjoules-exporter doctor: \(message)\n", toError: true)
    }
}
