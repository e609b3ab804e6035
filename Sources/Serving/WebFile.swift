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
    private var pending = PendingChange()
    /// Those whose changes cannot be noticed, as the log was told last.
    private var toldUnwatched: [String] = []

    /// A check takes about a second at this bcrypt cost, and twice as long with each more.
    private static let usualCost = 14

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
        reportUnwatched(log, .notice)
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
        pending.clear()
        do throws(WebFailure) {
            try load(into: &policy, log)
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

    private mutating func load(into policy: inout WebPolicy, _ log: Logger) throws(WebFailure) {
        let configuration = try WebLoader.read(path, credentialsDirectory: credentialsDirectory)
        // Those of a file that is refused for what they hold are watched too, since they may be what is mended next.
        watch?.replacePaths(WebFile.paths(path, configuration))
        reportUnwatched(log, .warning)
        guard (configuration.tls == nil) == (self.configuration.tls == nil) else {
            throw WebFailure(message: "\(path): TLS cannot be turned on or off while running: restart the exporter")
        }
        // A file that is being written, or that somebody emptied by mistake, must not open the door to everybody.
        guard !configuration.users.isEmpty || self.configuration.users.isEmpty else {
            throw WebFailure(
                message:
                    "\(path): it has no basic_auth_users any more, and passwords cannot be turned off while running: "
                    + "restart the exporter")
        }
        try policy.apply(configuration, over: self.configuration)
        self.configuration = configuration
    }

    /// A watched file may have changed: it is to be read when nothing has changed for a moment. Where that cannot be learned any
    /// more, the log says what to do instead.
    mutating func takeChanges(at now: UInt64, _ log: Logger) {
        do throws(SystemError) {
            if try watch?.takeChanges() ?? false { pending.note(at: now) }
        } catch {
            watch = nil
        }
        reportUnwatched(log, .warning)
    }

    /// Something has changed that is not read yet. Mutating, as `isDue` is: each turn asks, and a call that only borrows copies.
    mutating func awaitsQuiet() -> Bool { pending.dueNanoseconds != nil }

    /// What has changed is to be read now.
    mutating func isDue(at now: UInt64) -> Bool { pending.dueNanoseconds.map { now >= $0 } ?? false }

    /// Says which changes are not noticed, because a directory may not be read or the kernel has no watch left; once, until it is
    /// about others.
    private mutating func reportUnwatched(_ log: Logger, _ level: Logger.Level) {
        let unwatched =
            switch watch {
            case .some(let watch): watch.unwatchedPaths
            case .none: paths
            }
        guard unwatched != toldUnwatched else { return }
        toldUnwatched = unwatched
        guard !unwatched.isEmpty else { return }
        log.report(
            .webConfigurationLoaded, level,
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

    /// The file and those that it names.
    public var paths: [String] { WebFile.paths(path, configuration) }

    private static func paths(_ path: String, _ configuration: WebConfiguration) -> [String] {
        [path] + (configuration.tls?.paths ?? [])
    }
}
