import ArgumentParser
import Kernel

@main
struct Main {
    /// Status of a wrong command line. See sysexits.h(3head).
    private static let usageError: Int32 = 64
    private static let failure: Int32 = 1
    /// Linux has filled in an empty name itself since 5.18.
    private static let noName =
        "started without any argument, not even the program's name, so that no option can be known: "
        + "whoever calls execve has to pass a list that begins with a name"

    static func main() {
        guard Process.fillStandardDescriptors() else {
            // Nobody can be told: where standard error was, there is nothing.
            Process.exit(status: failure)
        }
        guard let arguments = Process.arguments() else {
            Process.print("pyjoules-exporter: \(noName)\n", toError: true)
            Process.exit(status: failure)
        }
        do {
            var command = try Command.parse(asRoot: arguments)
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
        let complaint = Command.complaint(about: error)
        Command.tellManager(complaint)
        Process.print("pyjoules-exporter: \(complaint)\n", toError: true)
        Process.exit(status: usageError)
    }
}
