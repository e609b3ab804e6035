import Kernel

/// What systemd says of one of our units: its properties, of which some have several values. See systemctl(1), "show".
struct Unit: Equatable {
    static let socketName = "pyjoules-exporter.socket"
    static let serviceName = "pyjoules-exporter.service"

    private let properties: [String: [String]]

    /// Reads lines such as `ActiveState=active`.
    init(_ lines: Substring) {
        var properties: [String: [String]] = [:]
        for line in lines.split(separator: "\n") {
            guard let sign = line.firstIndex(of: "=") else { continue }
            properties[String(line[..<sign]), default: []].append(String(line[line.index(after: sign)...]))
        }
        self.properties = properties
    }

    private func first(_ name: String) -> String { properties[name]?.first ?? "" }

    var isActive: Bool { ["active", "reloading"].contains(first("ActiveState")) }
    /// `activating (auto-restart)`.
    var state: String { "\(first("ActiveState")) (\(first("SubState")))" }
    var isResting: Bool { first("ActiveState") == "inactive" }
    /// What the service said of itself last; empty if nothing.
    var statusText: String { first("StatusText") }
    /// How it ended, such as `exit-code`.
    var result: String { first("Result") }
    /// Its files were changed and systemd has not read them.
    var needsReload: Bool { first("NeedDaemonReload") == "yes" }

    /// Where a socket unit says that it listens, as far as an exporter can be asked there.
    var addresses: [SocketAddress] {
        (properties["Listen"] ?? []).compactMap { text in
            let suffix = " (Stream)"
            guard text.hasSuffix(suffix) else { return nil }
            return Unit.address(text.dropLast(suffix.count))
        }
    }

    /// As systemd writes an address. See systemd.socket(5), "ListenStream=".
    private static func address(_ text: Substring) -> SocketAddress? {
        if text.hasPrefix("/") { return .unix(path: String(text), mode: nil) }
        // On a machine with IPv6 this is what a mere number means: every address.
        if text.hasPrefix("[::]:") { return SocketAddress(String(text.dropFirst("[::]".count))) }
        return SocketAddress(String(text))
    }
}

/// The socket and the service as systemd has them.
struct Units: Equatable {
    let socket: Unit
    let service: Unit

    private static let properties =
        "ActiveState,SubState,Result,StatusText,NeedDaemonReload,Listen"
    private static let longestAnswer = 65_536
    private static let patienceMilliseconds: UInt64 = 5000

    /// Reads what is said of both, the socket first, with an empty line between them; nil if it is something else.
    init?(_ text: String) {
        guard let gap = text.firstRange(of: "\n\n") else { return nil }
        socket = Unit(text[..<gap.lowerBound])
        service = Unit(text[gap.upperBound...])
    }

    /// Asks systemd; nil if it does not tell.
    static func asked() -> Units? {
        let words = ["systemctl", "show", "--property=\(properties)", Unit.socketName, Unit.serviceName]
        do throws(SystemError) {
            let answer = try CommandOutput.of(words, limit: longestAnswer, patienceMilliseconds: patienceMilliseconds)
            return answer.flatMap { Units(String(decoding: $0, as: UTF8.self)) }
        } catch {
            return nil
        }
    }
}
