import Kernel
import Logging
import Passwords
import TLS
import WebConfig

/// The web configuration file: read at start-up, and again when it or a file that it names changes.
struct WebFile: ~Copyable {
    let path: String
    /// Watches the file and those that it names; nil where the kernel has no watch left, and then SIGHUP tells of changes.
    private(set) var watch: FileWatch?
    private let credentialsDirectory: String?
    /// What is in force.
    private var configuration = WebConfiguration()
    /// Whether what is on disk is in force.
    private(set) var isUpToDate = true
    /// When to read it again: a moment after the last change, since a certificate and its key are two files.
    var reloadDueNanoseconds: UInt64?

    /// A check takes about a second at this bcrypt cost, and twice as long with each more.
    private static let usualCost = 14
    /// How long it must have been quiet.
    static let quietNanoseconds: UInt64 = 250_000_000

    /// Reads the file and puts it in force.
    init(
        _ path: String, credentialsDirectory: String?, _ policy: inout WebPolicy
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
        try WebFile.apply(configuration, over: nil, &policy)
        self.configuration = configuration
    }

    /// Opens the file that the options name, if they name one.
    static func open(
        _ configuration: Configuration, _ policy: inout WebPolicy, _ log: Logger
    ) throws(StartFailure) -> WebFile? {
        guard let path = configuration.webConfigurationFile else { return nil }
        do throws(WebFailure) {
            let file = try WebFile(
                path, credentialsDirectory: Process.environment("CREDENTIALS_DIRECTORY"), &policy)
            log.report(.webConfigurationLoaded, .info, "web configuration \(path): \(file.summary)", ["file": path])
            file.warnOfSlowPasswords(log)
            file.reportUnwatched(log)
            return file
        } catch {
            throw StartFailure(message: error.message)
        }
    }

    /// Reads the file again. What cannot be put in force leaves everything as it was.
    mutating func reload(_ policy: inout WebPolicy) throws(WebFailure) {
        reloadDueNanoseconds = nil
        isUpToDate = false
        let configuration = try WebLoader.read(path, credentialsDirectory: credentialsDirectory)
        // Those of a file that is refused for what they hold are watched too, since they may be what is mended next.
        watch(WebFile.paths(path, configuration))
        guard (configuration.tls == nil) == (self.configuration.tls == nil) else {
            throw WebFailure(message: "\(path): TLS cannot be turned on or off while running: restart the exporter")
        }
        try WebFile.apply(configuration, over: self.configuration, &policy)
        self.configuration = configuration
        isUpToDate = true
    }

    /// Whether a watched file may have changed; to be asked when the watch is readable.
    mutating func takeChanges() throws(SystemError) -> Bool {
        guard var watch = watch.take() else { return false }
        let hasChanged = try watch.takeChanges()
        self.watch = consume watch
        return hasChanged
    }

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

    /// Only one password is checked at a time, so that a slow one keeps all others waiting.
    func warnOfSlowPasswords(_ log: Logger) {
        for user in configuration.users where user.hash.cost > WebFile.usualCost {
            log.report(
                .webConfigurationLoaded, .warning,
                "each check of the password of \(user.name) takes seconds (bcrypt cost \(user.hash.cost)): 10 to 12 is usual",
                ["file": path, "user": user.name])
        }
    }

    /// What is in force, in words: `TLS, 2 users, a rate limit`.
    var summary: String {
        var parts = [configuration.tls == nil ? "no TLS" : "TLS"]
        if let authentication = configuration.tls?.settings.clientAuthentication, authentication != .none {
            parts.append("client certificates (\(authentication.rawValue))")
        }
        if !configuration.users.isEmpty { parts.append(counted(configuration.users.count, "user")) }
        if configuration.rateLimit != nil { parts.append("a rate limit") }
        if !configuration.headers.isEmpty { parts.append(counted(configuration.headers.count, "header")) }
        return parts.joined(separator: ", ")
    }

    private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private mutating func watch(_ paths: [String]) {
        guard var watch = watch.take() else { return }
        do throws(SystemError) {
            try watch.replacePaths(paths)
        } catch {
            // The old ones are watched still, and SIGHUP always helps.
        }
        self.watch = consume watch
    }

    /// The file and those that it names.
    var paths: [String] { WebFile.paths(path, configuration) }

    private static func paths(_ path: String, _ configuration: WebConfiguration) -> [String] {
        [path] + (configuration.tls?.paths ?? [])
    }

    /// Everything that can fail comes first, so that a policy is changed wholly or not at all.
    private static func apply(
        _ new: WebConfiguration, over old: WebConfiguration?, _ policy: inout WebPolicy
    ) throws(WebFailure) {
        let headers = try WebLoader.headerLines(new)
        var context: TLSContext?
        if let tls = new.tls { context = try WebLoader.context(tls) }
        try policy.replaceUsers(new.users)
        policy.tls = consume context
        policy.extraHeaders = headers
        if new.rateLimit != old?.rateLimit {
            policy.rateLimiter = new.rateLimit.map {
                RateLimiter(intervalNanoseconds: $0.intervalNanoseconds, burst: $0.burst)
            }
        }
    }
}
