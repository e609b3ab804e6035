import ArgumentParser
import Kernel

@main
struct Main {
    /// Status of a wrong command line. See sysexits.h(3head).
    private static let usageError: Int32 = 64

    static func main() {
        let configuration: Configuration
        do {
            configuration = try Command.parse().configuration(environment: Process.environment)
        } catch {
            answer(error)
        }
        Process.exit(status: Service.run(configuration))
    }

    /// Prints what was asked for (`--help`, `--version`), or what is wrong, on one line.
    private static func answer(_ error: any Error) -> Never {
        guard Command.exitCode(for: error) != .success else {
            Process.print(Command.fullMessage(for: error) + "\n")
            Process.exit(status: 0)
        }
        let message = Command.message(for: error).split(separator: "\n").joined(separator: " ")
        Process.print("pyjoules-exporter: \(message)\n", toError: true)
        Process.exit(status: usageError)
    }
}
