import HTTP
import Kernel
import Passwords

/// Who may read what this exporter serves: decides for each request, at once if its credentials were seen before, and otherwise
/// once a comparison outside the loop has ended.
///
/// One comparison at a time, and beside it at most one that took too long. A request that waits stays in its connection's buffer, and
/// is decided anew when `finishCheck` tells so; this type knows connections by their tokens alone.
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

    private var users: [User]
    private var comparison: Comparison
    /// One that others wait for no more; its answer counts when it comes.
    private var overdue: Comparison?
    private var cache: CredentialCache
    private(set) var queue = WaiterQueue()

    /// At least one user: without any, everything is allowed, and there is nothing to decide.
    init(users: [User]) throws(SystemError) {
        precondition(!users.isEmpty)
        let comparison = try Comparison()
        self.comparison = comparison
        self.users = users
        cache = CredentialCache(verifiedCapacity: users.count)
    }

    /// A comparison is under way that the next one waits for.
    var isChecking: Bool { comparison.isBusy }

    /// Has the loop told when a comparison has ended.
    func watch(_ epoll: borrowing Epoll) throws(SystemError) { try comparison.watch(epoll) }

    /// Decides about a request by the value of its Authorization header, if it has one. To be asked again for a waiter when
    /// `finishCheck` names it.
    mutating func decide(
        authorization: Span<UInt8>?, waiter: Token, peer: PeerKey, at now: UInt64
    ) -> Decision {
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
        let isItsTurn = !isChecking && !(overdue?.tells(of: tag) ?? false)
        if isItsTurn, !start(tag, user, password, at: now) {
            queue.remove(waiter)
            return .tooMany
        }
        let displaced = queue.admit(waiter, tag, peer, at: place)
        if isItsTurn { queue.start(waiter) }
        return .wait(displaced: displaced)
    }

    /// Takes answers in when a comparison has ended. Gives all waiters in the order in which to decide about them anew: those with the
    /// same credentials are known now, and the first of the others starts the next comparison.
    mutating func finishCheck() -> WaitingTokens {
        let hasEnded = comparison.takeAnswer(into: &cache)
        let hasOverdueEnded = overdue?.takeAnswer(into: &cache) ?? false
        if hasOverdueEnded { overdue = nil }
        return hasEnded || hasOverdueEnded ? queue.inOrder() : WaitingTokens()
    }

    /// Lets the others go on if a comparison takes too long: where the processor is not to be had, or the hash is too costly. Gives
    /// the waiters as `finishCheck` does. One is set aside at a time, so that threads do not pile up.
    mutating func passOverdue(_ epoll: borrowing Epoll, at now: UInt64) -> WaitingTokens {
        guard overdue == nil, comparison.isOverdue(at: now) else { return WaitingTokens() }
        do throws(SystemError) {
            var next = try Comparison()
            try next.watch(epoll)
            swap(&next, &comparison)
            overdue = consume next
        } catch {
            return WaitingTokens()
        }
        return queue.inOrder()
    }

    /// Its connection ended; a comparison that it started goes on.
    mutating func forget(_ waiter: Token) {
        queue.remove(waiter)
    }

    /// Puts other users in place. Who was verified stays so, as long as name and hash are the same; everything else that was found is
    /// forgotten. Waiters go on waiting, if need be for the end of a comparison whose answer counts no more.
    mutating func replaceUsers(_ users: [User]) {
        precondition(!users.isEmpty)
        guard users != self.users else { return }
        self.users = users
        let owners = users.map { cache.tag(of: $0) }
        cache.keepVerified(ofOwners: owners)
        comparison.keep(ifOfOneOf: owners)
        overdue?.keep(ifOfOneOf: owners)
    }

    /// For an unknown user the same work is done, so that the time does not tell who exists: with the hash of a user that is
    /// always the same for that name. Were it always the costliest, a cheaper hash would betray its user.
    private mutating func start(
        _ tag: CredentialTag, _ user: Span<UInt8>, _ password: Span<UInt8>, at now: UInt64
    ) -> Bool {
        let known = index(of: user)
        let other = cache.choice(for: user, below: users.count)
        let subject = Comparison.Subject(tag: tag, owner: known.map { cache.tag(of: users[$0]) })
        return comparison.start(password, with: users[known ?? other], subject, at: now)
    }

    /// Looks at all users, whatever is found.
    private func index(of name: Span<UInt8>) -> Int? {
        var found: Int?
        for index in users.indices where users[index].isNamed(name) { found = index }
        return found
    }
}
