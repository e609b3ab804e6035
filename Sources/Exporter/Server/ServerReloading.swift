import Kernel
import Logging
import Passwords
import TLS

/// Reading again what can be read again: on SIGHUP, and when a file of the web configuration changes.
extension Server {
    /// SIGHUP. The manager that asked waits to be told that it is done.
    mutating func reload() throws(SystemError) {
        manager.reloading()
        if hasWebFile {
            try reloadWeb()
        } else {
            log.report(.reloaded, .info, "reloaded; no setting changes without a restart")
        }
        manager.ready(counters)
    }

    /// A watched file may have changed: it is read when nothing has changed for a moment.
    mutating func noteFileChange() throws(SystemError) {
        guard var file = webFile.take() else { return }
        let hasChanged = try file.takeChanges()
        if hasChanged { file.reloadDueNanoseconds = Clock.monotonicNanoseconds() + WebFile.quietNanoseconds }
        webFile = consume file
    }

    mutating func reloadIfDue() throws(SystemError) {
        guard let due = reloadDueNanoseconds, Clock.monotonicNanoseconds() >= due else { return }
        try reloadWeb()
    }

    var hasWebFile: Bool {
        switch webFile {
        case .some: true
        case .none: false
        }
    }

    /// When the web configuration is to be read again; nil if nothing has changed.
    var reloadDueNanoseconds: UInt64? {
        switch webFile {
        case .some(let file): file.reloadDueNanoseconds
        case .none: nil
        }
    }

    /// What the pages say about the file and the certificate.
    var webFacts: WebFacts {
        var facts = WebFacts()
        switch webFile {
        case .some(let file): facts.isUpToDate = file.isUpToDate
        case .none: break
        }
        switch web.tls {
        case .some(let context):
            facts.certificateEndUnixSeconds = UInt64(exactly: context.notAfterUnixSeconds)
        case .none: break
        }
        return facts
    }

    private mutating func reloadWeb() throws(SystemError) {
        guard var file = webFile.take() else { return }
        let checked = web.isAuthenticating
        do throws(WebFailure) {
            try file.reload(&web)
            log.report(
                .reloaded, .info, "reloaded \(file.path): \(file.summary)", ["file": file.path])
            file.warnOfSlowPasswords(log)
        } catch {
            log.report(
                .webConfigurationRefused, .error,
                "the web configuration stays as it was, since what is on disk cannot be used: \(error.message)",
                ["file": file.path])
        }
        webFile = consume file
        try webChanged(wasAuthenticating: checked)
    }

    /// Makes the loop follow what the web configuration asks for now.
    private mutating func webChanged(wasAuthenticating: Bool) throws(SystemError) {
        responses.extraHeaders = web.extraHeaders
        hasReportedExpiry = false
        warnIfCertificateExpired()
        if web.isAuthenticating, !wasAuthenticating { try watchPasswordChecks() }
        guard !web.isAuthenticating, wasAuthenticating else { return }
        // Nobody will tell those that wait for a check that is wanted no more.
        for slot in connections.slotRange where connections.isAwaitingCheck(slot) {
            try resume(connections.token(of: slot))
        }
    }

    /// Says once of each certificate that it has expired, whenever that happens.
    mutating func warnIfCertificateExpired() {
        guard !hasReportedExpiry else { return }
        switch web.tls {
        case .some(let context):
            guard context.isExpired(atUnixSeconds: Int64(Clock.realtimeNanoseconds() / 1_000_000_000)) else { return }
            hasReportedExpiry = true
            log.report(
                .certificateExpired, .warning,
                "the certificate of \(context.subject) has expired, and clients will refuse it: renew it",
                ["subject": context.subject])
        case .none: break
        }
    }

    /// Has the loop told when a password was checked.
    mutating func watchPasswordChecks() throws(SystemError) {
        switch web.authenticator {
        case .some(let authenticator):
            try epoll.add(authenticator.checker.descriptor, .readable, token: Token(.passwordCheck).word)
        case .none: break
        }
    }

    /// Has the loop told when a file of the web configuration changes.
    mutating func watchFiles() throws(SystemError) {
        switch webFile {
        case .some(let file):
            switch file.watch {
            case .some(let watch): try epoll.add(watch.descriptor, .readable, token: Token(.files).word)
            case .none: break
            }
        case .none: break
        }
    }
}
