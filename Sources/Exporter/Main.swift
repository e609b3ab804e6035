import ArgumentParser
import Kernel

@main
struct Main {
    /// Status of a wrong command line. See sysexits.h(3head).
    private static let usageError: Int32 = 64

    static func main() {
        do {
            var command = try Command.parse(asRoot: Array(CommandLine.arguments.dropFirst()))
            try command.run()
        } catch let status as ExitCode {
            Process.exit(status: status.rawValue)
        } catch {
            answer(error)
        }
        Process.exit(status: 0)
    }

    /// Prints what was asked for (`--help`, `--version`), or what is wrong, on one line.
    private static func answer(_ error: any Error) -> Never {
        guard Command.exitCode(for: error) != .success else {
            Process.print(Command.help(for: error) + "\n")
            Process.exit(status: 0)
        }
        Process.print("pyjoules-exporter: \(Command.complaint(about: error))\n", toError: true)
        Process.exit(status: usageError)
    }
}
