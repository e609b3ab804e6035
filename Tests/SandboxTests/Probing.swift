import Glibc
import Sandbox
import Testing

/// What a run of the probe printed, and how it ended.
struct Probing {
    private let lines: [[String]]
    /// As wait(2) tells it.
    let status: Int32

    /// Runs the probe, which lies beside the tests, in a process of its own: what it gives up is lost for good.
    init(_ arguments: String...) throws {
        let words = [try Probing.program] + arguments
        let command = words.map { "'\($0)'" }.joined(separator: " ") + " 2>&1"
        let output = try #require(popen("SWIFT_BACKTRACE=enable=no \(command)", "r"))
        var text = ""
        var line = [CChar](repeating: 0, count: 512)
        while let start = fgets(&line, Int32(line.count), output) { text += String(cString: start) }
        status = pclose(output)
        lines = text.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 3).map(String.init) }
    }

    private static var program: String {
        get throws {
            var path = [CChar](repeating: 0, count: 4096)
            let length = readlink("/proc/self/exe", &path, path.count - 1)
            try #require(length > 0)
            let own = String(decoding: path.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            // The tests are run by a program of the toolchain or are one themselves; the last word names their bundle then.
            let candidates = [own] + CommandLine.arguments
            for candidate in candidates.compactMap({ directory(of: $0) }) {
                let program = candidate + "/SandboxProbe"
                if access(program, X_OK) == 0 { return program }
            }
            throw Missing()
        }
    }

    struct Missing: Error {}

    private static func directory(of path: String) -> String? {
        path.lastIndex(of: "/").map { String(path[..<$0]) }
    }

    private func rest(_ kind: String, _ name: String) -> [String]? {
        lines.first { $0.count > 2 && $0[0] == kind && $0[1] == name }.map { Array($0.dropFirst(2)) }
    }

    /// 0 or errno; nil if it was not told, because the probe had ended.
    func result(of attempt: String) -> Int32? { rest("attempt", attempt).flatMap { Int32($0[0]) } }

    func isOn(_ layer: SandboxLayer) -> Bool { rest("layer", layer.rawValue)?[0] == "on" }

    /// The shell between us tells a signal as its number and 128, unless it has made way for the probe.
    func wasEnded(by signal: Int32) -> Bool {
        status == (128 + signal) << 8 || status & 0x7F == signal
    }

    /// What the layer's state says, joined.
    func detail(of layer: SandboxLayer) -> String {
        rest("layer", layer.rawValue)?.dropFirst().joined(separator: " ") ?? ""
    }

    /// A field of /proc/PID/status.
    func status(_ field: String) -> String? { rest("status", field)?[0] }
}
