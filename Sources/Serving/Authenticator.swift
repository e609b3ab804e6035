import HTTP
import Kernel
import Passwords

/// Who may read what this exporter serves: decides for each request, at once if its credentials were seen before, and otherwise
/// once a comparison outside the loop has ended.
///
/// One comparison at a time. A request that waits stays in its connection's buffer, and is decided anew when `finishCheck`
/// tells so; this type knows connections by their tokens alone.
struct Authenticator: ~Copyable {
    enum Decision: Equatable {
        case allowed
        /// The answer is 401.
        case refused
        /// Not known yet: the connection waits until `finishCheck` names it. If another lost its place to it, that one is
        /// answered 429.
        case wait(displaced: Token?)
        /// There is no place to wait, or no thread to be had: the answer is 429.
        case tooMany
    }

    /// A comparison under way.
    private struct Check {
        let tag: CredentialTag
        /// Otherwise it only takes its time, and its outcome means nothing.
        let isOfKnownUser: Bool
    }

    private var users: [User]
    private var checker: PasswordChecker
    private var cache: CredentialCache
    private(set) var queue = WaiterQueue()
    private var check: Check?

    /// At least one user: without any, everything is allowed, and there is nothing to decide.
    init(users: [User]) throws(SystemError) {
        precondition(!users.isEmpty)
        let checker = try PasswordChecker()
        self.checker = checker
        self.users = users
        cache = CredentialCache(verifiedCapacity: users.count)
    }

    /// A comparison is under way.
    var isChecking: Bool { checker.isBusy }

    /// Has the loop told when a comparison has ended.
    func watch(_ epoll: borrowing Epoll) throws(SystemError) {
        try epoll.add(checker.descriptor, .readable, token: Token(.passwordCheck).word)
    }

    /// Decides about a request by the value of its Authorization header, if it has one. To be asked again for a waiter when
    /// `finishCheck` names it.
    mutating func decide(authorization: Span<UInt8>?, waiter: Token, peer: PeerKey) -> Decision {
        guard let authorization, let credentials = BasicCredentials(authorization: authorization) else {
            queue.remove(waiter)
            return .refused
        }
        let decoded = credentials.bytes.span
        let user = decoded.extracting(credentials.user)
        let password = decoded.extracting(credentials.password)
        let tag = cache.tag(user: user, password: password)
        switch cache.lookup(tag) {
        case .verified:
            queue.remove(waiter)
            return .allowed
        case .refused:
            queue.remove(waiter)
            return .refused
        case .unknown: break
        }
        let place = queue.place(for: waiter, tag, peer)
        guard place != .none else { return .tooMany }
        let isItsTurn = !isChecking
        if isItsTurn, !startCheck(tag, user, password) {
            queue.remove(waiter)
            return .tooMany
        }
        let displaced = queue.admit(waiter, tag, peer, at: place)
        if isItsTurn { queue.start(waiter) }
        return .wait(displaced: displaced)
    }

    /// Takes the answer in when the checker's descriptor is readable. Gives all waiters in the order in which to decide about them
    /// anew: those with the same credentials are known now, and the first of the others starts the next comparison.
    mutating func finishCheck() -> WaitingTokens {
        guard let isRight = checker.takeAnswer() else { return WaitingTokens() }
        // After a change of users there is none: the answer is about somebody who may not exist any more.
        if let check = check.take() {
            cache.remember(check.tag, isVerified: isRight && check.isOfKnownUser)
        }
        return queue.inOrder()
    }

    /// Its connection ended; a comparison that it started goes on.
    mutating func forget(_ waiter: Token) {
        queue.remove(waiter)
    }

    /// Puts other users in place. What was found about the old ones is forgotten; waiters go on waiting, if need be for the end of
    /// a comparison whose answer counts no more.
    mutating func replaceUsers(_ users: [User]) {
        precondition(!users.isEmpty)
        guard users != self.users else { return }
        self.users = users
        cache.removeAll(verifiedCapacity: users.count)
        check = nil
    }

    /// For an unknown user the same work is done, so that the time does not tell who exists: with the hash of a user that is
    /// always the same for that name. Were it always the costliest, a cheaper hash would betray its user.
    private mutating func startCheck(_ tag: CredentialTag, _ user: Span<UInt8>, _ password: Span<UInt8>) -> Bool {
        let known = index(of: user)
        let other = cache.choice(for: user, below: users.count)
        guard checker.start(password: password, hash: users[known ?? other].hash) else { return false }
        check = Check(tag: tag, isOfKnownUser: known != nil)
        return true
    }

    /// Looks at all users, whatever is found.
    private func index(of name: Span<UInt8>) -> Int? {
        var found: Int?
        for index in users.indices where users[index].isNamed(name) { found = index }
        return found
    }
}
