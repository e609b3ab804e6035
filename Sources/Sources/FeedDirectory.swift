import Counters
public import Kernel

/// Why nothing is taken from the directory of feeds.
public enum FeedRefusal: Equatable, Sendable {
    /// It is a link, or no directory.
    case notADirectory
    /// Somebody else than root owns it, who could publish anything.
    case foreignOwner(UInt32)
    /// Anybody may write to it.
    case writableByAll
    case failed(ErrorCode)
}

/// The directory of feeds: whether what is in it can be trusted, and what is in it.
struct FeedDirectory: ~Copyable {
    enum Condition: Equatable {
        case absent
        case refused(FeedRefusal)
        case open
    }

    let path: String
    private let stored: StoredPath
    /// A user other than root who may own it; nil for nobody.
    private let owner: UInt32?
    private(set) var condition = Condition.absent
    private var directory: OpenDirectory?

    /// In a user namespace all whom it does not know are one user, who is not trusted, even if that is us.
    private static let nobody: UInt32 = 65_534

    init(_ path: String, isInUserNamespace: Bool) {
        self.path = path
        stored = StoredPath(path)
        owner = isInUserNamespace && Account.user == FeedDirectory.nobody ? nil : Account.user
    }

    /// Looks at it anew, and lists what it has.
    mutating func list(_ body: (Span<UInt8>) -> Void) {
        do throws(SystemError) {
            let opened = try OpenDirectory(at: stored)
            let status = try opened.status()
            guard let refusal = refusal(status) else {
                try opened.forEachName(body)
                directory = consume opened
                condition = .open
                return
            }
            close(.refused(refusal))
        } catch {
            switch error.code {
            case .notFound: close(.absent)
            case .notADirectory, .tooManyLinks: close(.refused(.notADirectory))
            default: close(.refused(.failed(error.code)))
            }
        }
    }

    private func refusal(_ status: FileStatus) -> FeedRefusal? {
        guard status.owner == 0 || status.owner == owner else { return .foreignOwner(status.owner) }
        return status.permissions & 0o002 == 0 ? nil : .writableByAll
    }

    private mutating func close(_ condition: Condition) {
        self.condition = condition
        directory = nil
    }

    /// Looks at a feed in it.
    func look(at feed: inout Feed, _ now: UInt64, real: UInt64) {
        switch directory {
        case .some(let directory): feed.look(in: directory, at: now, real: real)
        case .none: feed.leave()
        }
    }
}

extension FeedRefusal: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .notADirectory: "it is a link, or no directory"
        case .foreignOwner(let user): "it belongs to user \(user), who could publish anything"
        case .writableByAll: "anybody may write to it"
        case .failed(let code): "\(code)"
        }
    }

    /// What mends it.
    public func remedy(_ path: String) -> String {
        switch self {
        case .notADirectory: "put a directory there, such as by 'systemd-tmpfiles --create'"
        case .foreignOwner: "chown root \(path)"
        case .writableByAll: "chmod o-w \(path)"
        case .failed: "chmod a+rx \(path)"
        }
    }
}
