import Bytes
import Kernel
import Log
public import Logging
import Passwords
import TLS
import WebConfig

/// The web configuration file: read at start-up, and again when it or a file that it names changes.
public struct WebFile: ~Copyable {
    private let path: String
    /// Watches the file and those that it names; nil where the kernel has no watch left, and then SIGHUP tells of changes.
    private var watch: FileWatch?
    private let credentialsDirectory: String?
    /// What is in force.
    private var configuration = WebConfiguration()
    /// When to read it again, nil if nothing has changed: a moment after the last change, since a certificate and its key are two files.
    private var reloadDueNanoseconds: UInt64?

    /// A check takes about a second at this bcrypt cost, and twice as long with each more.
    private static let usualCost = 14
    /// How long it must have been quiet.
    private static let quietNanoseconds: UInt64 = 250_000_000

    /// Reads the file, puts it in force, and says in the log what it asks for.
    ///
    /// - Parameter credentialsDirectory: where systemd has put what the file may name by `LoadCredential=`; nil without it.
    public init(
        _ path: String, credentialsDirectory: String?, _ policy: inout WebPolicy, _ log: Logger
    ) throws(WebFailure) {
        self.path = path
        self.credentialsDirectory = credentialsDirectory
        let first = try WebLoader.read(path, credentialsDirectory: credentialsDirectory)
        do throws(SystemError) {
            watch = try FileWatch(paths: WebFile.paths(path, first))
        } catch {
            watch = nil
        }
        // Read again now that it is watched, so that no change in between goes unnoticed.
        let configuration = try WebLoader.read(path, credentialsDirectory: credentialsDirectory)
        try policy.apply(configuration, over: nil)
        policy.setUpToDate(true)
        self.configuration = configuration
        log.report(.webConfigurationLoaded, .info, "web configuration \(path): \(summary)", ["file": path])
        warn(log)
        reportUnwatched(log)
    }

    /// Has the loop told when the file or one that it names changes.
    func watch(_ epoll: borrowing Epoll) throws(SystemError) {
        switch watch {
        case .some(let watch): try epoll.add(watch.descriptor, .readable, token: Token(.files).word)
        case .none: break
        }
    }

    /// Reads the file again, and says in the log what became of it. What cannot be put in force leaves everything as it was.
    mutating func reload(_ policy: inout WebPolicy, _ log: Logger) {
        reloadDueNanoseconds = nil
        do throws(WebFailure) {
            try load(into: &policy)
            policy.setUpToDate(true)
            log.report(.reloaded, .info, "reloaded \(path): \(summary)", ["file": path])
            warn(log)
        } catch {
            policy.setUpToDate(false)
            log.report(
                .webConfigurationRefused, .error,
                "the web configuration stays as it was, since what is on disk cannot be used: \(error.message)",
                ["file": path])
        }
    }

    private mutating func load(into policy: inout WebPolicy) throws(WebFailure) {
        let configuration = try WebLoader.read(path, credentialsDirectory: credentialsDirectory)
        // Those of a file that is refused for what they hold are watched too, since they may be what is mended next.
        watch(WebFile.paths(path, configuration))
        guard (configuration.tls == nil) == (self.configuration.tls == nil) else {
            throw WebFailure(message: "\(path): TLS cannot be turned on or off while running: restart the exporter")
        }
        try policy.apply(configuration, over: self.configuration)
        self.configuration = configuration
    }

    /// A watched file may have changed: it is to be read when nothing has changed for a moment.
    mutating func takeChanges(at now: UInt64) throws(SystemError) {
        if try watch?.takeChanges() ?? false { reloadDueNanoseconds = now + WebFile.quietNanoseconds }
    }

    /// Something has changed that is not read yet.
    func awaitsQuiet() -> Bool { reloadDueNanoseconds != nil }

    /// Nothing has changed for a moment since the last change.
    func isDue(at now: UInt64) -> Bool { reloadDueNanoseconds.map { now >= $0 } ?? false }

    /// Where a directory may not be read, changes in it are not noticed.
    private func reportUnwatched(_ log: Logger) {
        let unwatched =
            switch watch {
            case .some(let watch): watch.unwatchedPaths
            case .none: paths
            }
        guard !unwatched.isEmpty else { return }
        log.report(
            .webConfigurationLoaded, .notice,
            "changes of \(unwatched.joined(separator: ", ")) cannot be noticed: say so with SIGHUP (systemctl reload)",
            ["file": path])
    }

    /// Says what in the file does not do what it seems to be for. Only one password is checked at a time, so that a slow one keeps
    /// all others waiting.
    private func warn(_ log: Logger) {
        for warning in configuration.warnings {
            log.report(
                .webConfigurationLoaded, .warning, "\(path):\(warning.line): \(warning.message)", ["file": path])
        }
        for user in configuration.users where user.hash.cost > WebFile.usualCost {
            log.report(
                .webConfigurationLoaded, .warning,
                "each check of the password of \(user.name) takes seconds (bcrypt cost \(user.hash.cost)): 10 to 12 is usual",
                ["file": path, "user": user.name])
        }
    }

    /// What is in force, in words: `TLS, 2 users, a rate limit`.
    private var summary: String {
        var parts = [configuration.tls == nil ? "no TLS" : "TLS"]
        if let authentication = configuration.tls?.settings.clientAuthentication, authentication != .none {
            parts.append("client certificates (\(authentication.rawValue))")
        }
        if !configuration.users.isEmpty { parts.append(counted(configuration.users.count, "user")) }
        if configuration.rateLimit != nil { parts.append("a rate limit") }
        if !configuration.headers.isEmpty { parts.append(counted(configuration.headers.count, "header")) }
        return parts.joined(separator: ", ")
    }

    private mutating func watch(_ paths: [String]) {
        do throws(SystemError) {
            try watch?.replacePaths(paths)
        } catch {
            // The old ones are watched still, and SIGHUP always helps.
        }
    }

    /// The file and those that it names.
    public var paths: [String] { WebFile.paths(path, configuration) }

    private static func paths(_ path: String, _ configuration: WebConfiguration) -> [String] {
        [path] + (configuration.tls?.paths ?? [])
    }
}
