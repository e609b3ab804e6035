import Kernel
import Sandbox
import SandboxAttempts

/// Enters the sandbox as its arguments say, tries what they name, and prints what came of it, a line each:
///
///     layer landlock on ABI 4
///     attempt socket 1
///     status CapEff 0000000000000000
///
/// Options: `layer=NAME` (repeatable; all if none), `readable=PATH`, `watching`, `threads`, `perf`, `abstract`, `fatal`, `reader`,
/// `replacing=PATH`, `buffer=DESCRIPTOR`, `files`, `device=NUMBER` or `device=any`; an attempt is `try:NAME` or `try:NAME=ARGUMENT`. `try:replace` replaces a
/// file of that directory.
@main
struct Probe {
    static func main() throws {
        var plan = SandboxPlan()
        var layers: [SandboxLayer] = []
        var attempts: [(name: String, argument: String)] = []
        var replacing: ReplacingDirectory?
        for word in CommandLine.arguments.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            let argument = parts.count > 1 ? parts[1] : ""
            switch parts[0] {
            case "layer": layers += SandboxLayer(rawValue: argument).map { [$0] } ?? []
            case "readable": plan.readablePaths.append(argument)
            case "watching": plan.watchesFiles = true
            case "threads": plan.allowsThreads = true
            case "perf": plan.opensPerfEvents = true
            case "abstract": plan.reachesAbstractSockets = true
            case "fatal": plan.isFatal = true
            case "reader": (plan.servesClients, plan.readsFiles) = (false, false)
            case "replacing":
                let directory = try ReplacingDirectory(argument)
                plan.keepReplacing(in: directory)
                replacing = consume directory
            case "buffer": plan.zeroCopyBuffer = Int32(argument)
            case "files": plan.writesFiles = true
            case "device": plan.deviceCommands = UInt32(argument).map { .one($0) } ?? .any
            case let name where name.hasPrefix("try:"): attempts.append((String(name.dropFirst(4)), argument))
            default: throw Misuse(word: word)
            }
        }
        if !layers.isEmpty { plan.layers = layers }
        // Not to be opened any more afterwards.
        let status = try FileDescriptor.open(reading: "/proc/self/status")

        let report = enterSandbox(plan)
        for layer in SandboxLayer.allCases {
            switch report[layer] {
            case .on(let detail): say("layer \(layer.rawValue) on \(detail)")
            case .off(let reason): say("layer \(layer.rawValue) off \(reason)")
            }
        }
        for attempt in attempts where attempt.name == "replace" {
            say("attempt replace \(try replace(attempt.argument, in: &replacing))")
        }
        for attempt in attempts where attempt.name != "replace" {
            say("attempt \(attempt.name) \(sandbox_attempt(attempt.name, attempt.argument))")
        }
        for line in lines(of: status) { say("status \(line)") }
    }

    /// 0 or errno, as of the other attempts.
    private static func replace(_ name: String, in directory: inout ReplacingDirectory?) throws -> Int32 {
        guard let open = directory.take() else { throw Misuse(word: "replace") }
        do throws(SystemError) {
            try open.replace(name, writing: [1, 2].span, as: ".new")
            try open.replace(name, writing: [3].span, as: ".new")
            open.remove("nothing")
            return 0
        } catch {
            return error.code.number
        }
    }

    struct Misuse: Error {
        let word: String
    }

    private static func say(_ line: String) {
        Process.print(line + "\n")
    }

    /// The lines of /proc/PID/status that tell of rights, `Name value`.
    private static func lines(of status: borrowing FileDescriptor) -> [String] {
        var bytes: [UInt8] = []
        bytes.append(addingCapacity: 8192) { output in _ = status.read(at: 0, into: &output) }
        let wanted = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"]
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", maxSplits: 1)
            guard fields.count == 2, wanted.contains(String(fields[0])) else { return nil }
            return "\(fields[0]) \(fields[1].drop { $0 == "\t" || $0 == " " })"
        }
    }
}
