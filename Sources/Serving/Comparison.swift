import Kernel
import Passwords

/// One password at a time being compared outside the loop, and what its answer will mean.
struct Comparison: ~Copyable {
    /// What a comparison is about.
    struct Subject {
        let tag: CredentialTag
        /// Stands for the user and the hash that is compared with; nil where no user has the name: then it only takes its time, and
        /// its outcome means nothing.
        let owner: CredentialTag?
    }

    /// So long others wait for a comparison. The costliest hash that is taken needs some 18 s of a processor.
    static let patienceNanoseconds: UInt64 = 30_000_000_000

    private var checker: PasswordChecker
    /// Nil if none is under way, or if its answer counts no more.
    private var subject: Subject?
    private var startedNanoseconds: UInt64 = 0

    /// Nothing is compared yet.
    init() throws(SystemError) {
        let checker = try PasswordChecker()
        self.checker = checker
    }

    /// A comparison was started whose answer was not taken.
    var isBusy: Bool { checker.isBusy }

    /// Others have waited for it long enough.
    func isOverdue(at now: UInt64) -> Bool {
        isBusy && now >= startedNanoseconds + Comparison.patienceNanoseconds
    }

    /// Its answer will tell of these credentials.
    func tells(of tag: CredentialTag) -> Bool { subject?.tag == tag }

    /// Has the loop told when it has ended.
    func watch(_ epoll: borrowing Epoll) throws(SystemError) {
        try epoll.add(checker.descriptor, .readable, token: Token(.passwordCheck).word)
    }

    /// Starts one, unless there is one or no thread is to be had; then it is false.
    mutating func start(_ password: Span<UInt8>, with user: User, _ subject: Subject, at now: UInt64) -> Bool {
        guard checker.start(password: password, hash: user.hash) else { return false }
        self.subject = subject
        startedNanoseconds = now
        return true
    }

    /// Takes the answer in, and puts what it means into a cache; false if there is none yet.
    mutating func takeAnswer(into cache: inout CredentialCache) -> Bool {
        guard let isRight = checker.takeAnswer() else { return false }
        guard let subject = subject.take() else { return true }
        if isRight, let owner = subject.owner {
            cache.rememberVerified(subject.tag, owner: owner)
        } else {
            cache.rememberRefused(subject.tag)
        }
        return true
    }

    /// There are other users now: the answer counts only if it is about one of these.
    mutating func keep(ifOfOneOf owners: [CredentialTag]) {
        if let owner = subject?.owner, owners.contains(owner) { return }
        subject = nil
    }
}
