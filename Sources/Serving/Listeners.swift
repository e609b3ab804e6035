public import Kernel
import Log
public import Logging

/// All listening sockets, inherited or our own, and whether epoll watches them: one that cannot accept stays readable, and the
/// loop would spin, so it leaves epoll until there is room.
public struct Listeners: ~Copyable {
    /// systemd passes few, and nobody types more.
    public static let capacity = 16

    private var slots = InlineArray<16, Listener?> { _ in nil }
    private var count = 0
    /// systemd opened them and keeps them open.
    private(set) var areInherited = false
    private(set) var areWatched = false

    /// None yet.
    public init() {}

    /// Takes a descriptor that systemd passed, if it is a socket that can be served. One that cannot is said in the log and counts
    /// as not passed: where this is process 1 of a container, variables that somebody else left behind seem to be meant for it.
    public mutating func adopt(
        _ descriptor: consuming FileDescriptor, name: String, _ log: Logger
    ) throws(SystemError) {
        guard count < Listeners.capacity else {
            return log.report(.socketRefused, .error, "more than \(Listeners.capacity) sockets", ["name": name])
        }
        switch try Listener.adopt(descriptor) {
        case .listener(let listener):
            areInherited = true
            add(listener)
        case .refused(let why):
            log.report(
                .socketRefused, .error, "the descriptor '\(name)' passed by systemd is not served: \(why)",
                ["name": name, "reason": why])
        }
    }

    /// Opens addresses, unless systemd passed sockets, and says in the log where it listens.
    ///
    /// - Parameters:
    ///   - addresses: empty means `defaultPort` on every address.
    ///   - requiresInherited: only sockets that were passed will do.
    ///   - scheme: what is spoken on them, `http` or `https`.
    public mutating func open(
        _ addresses: [SocketAddress], defaultPort: UInt16, requiresInherited: Bool, scheme: String, _ log: Logger
    ) throws(WebFailure) {
        if areInherited {
            if !addresses.isEmpty {
                log.report(.listening, .warning, "systemd passed sockets, so --web.listen-address is not used")
            }
        } else {
            guard !requiresInherited else {
                throw WebFailure(
                    message:
                        "--web.systemd-socket is given, but no socket activation file descriptors were found that can be served; "
                        + "start pyjoules-exporter.socket instead of the service")
            }
            for address in addresses.isEmpty ? [.any(port: defaultPort)] : addresses { try open(address) }
        }
        report(scheme: scheme, log)
    }

    /// Adds a socket that listens already; there is room for `capacity`.
    public mutating func add(_ listener: consuming Listener) {
        precondition(count < Listeners.capacity)
        slots[count] = consume listener
        count += 1
    }

    /// Names in the file system stay when these go.
    mutating func leaveFiles() {
        for index in indices { slots[index]?.leaveFile() }
    }

    /// Limits what the kernel keeps for each connection that comes from now on.
    mutating func limit(_ buffers: SocketBuffers) throws(SystemError) {
        for index in indices { try slots[index]?.limit(buffers) }
    }

    /// The slots that `accept` takes.
    var indices: Range<Int> { 0..<count }

    /// Has the loop told of connections that wait. If one of them cannot be watched, all go on resting.
    mutating func watch(_ epoll: borrowing Epoll) throws(SystemError) {
        guard !areWatched else { return }
        do throws(SystemError) {
            for index in indices { try watch(index, epoll) }
        } catch {
            for index in indices { removeIfThere(index, epoll) }
            throw error
        }
        areWatched = true
    }

    /// Takes the listeners out of epoll.
    mutating func rest(_ epoll: borrowing Epoll) throws(SystemError) {
        guard areWatched else { return }
        for index in indices { try remove(index, epoll) }
        areWatched = false
    }

    private func watch(_ index: Int, _ epoll: borrowing Epoll) throws(SystemError) {
        switch slots[index] {
        case .some(let listener):
            try epoll.add(listener.descriptor, .readable, token: Token(.listener, slot: index).word)
        case .none: break
        }
    }

    private func remove(_ index: Int, _ epoll: borrowing Epoll) throws(SystemError) {
        switch slots[index] {
        case .some(let listener): try epoll.remove(listener.descriptor)
        case .none: break
        }
    }

    private func removeIfThere(_ index: Int, _ epoll: borrowing Epoll) {
        do throws(SystemError) {
            try remove(index, epoll)
        } catch {
            return
        }
    }

    /// Accepts a connection that waits; nil while the listeners rest.
    func accept(on slot: Int) -> AcceptOutcome? {
        areWatched ? slots[slot]?.accept() : nil
    }

    /// Closes all; systemd keeps its own ends, where new connections wait for the next start.
    mutating func close(_ epoll: borrowing Epoll) throws(SystemError) {
        try rest(epoll)
        for index in indices { slots[index] = nil }
        count = 0
    }

    private mutating func open(_ address: SocketAddress) throws(WebFailure) {
        guard count < Listeners.capacity else {
            throw WebFailure(message: "more than \(Listeners.capacity) listen addresses")
        }
        do throws(SystemError) {
            add(try Listener(on: address))
        } catch {
            throw WebFailure(message: "cannot listen on \(address): \(Listeners.reason(error, address))")
        }
    }

    /// Why an address cannot be had, and what helps.
    private static func reason(_ error: SystemError, _ address: SocketAddress) -> String {
        switch (error.code, address) {
        case (.addressInUse, _):
            "the address is in use; stop the other program ('\(listing(address))' names it) "
                + "or choose another with --web.listen-address"
        case (.notASocket, _): "the file that is there is not a socket; remove it or choose another path"
        case (.notFound, .unix): "its directory is missing; make it, or let systemd do so with RuntimeDirectory="
        case (.addressFamilyNotSupported, .vsock):
            "there are no such sockets here; load the kernel's module vsock, "
                + "and under systemd add AF_VSOCK to RestrictAddressFamilies="
        default: "\(error)"
        }
    }

    /// The command that shows who listens on addresses of this kind. See ss(8).
    private static func listing(_ address: SocketAddress) -> String {
        switch address {
        case .any, .ipv4, .ipv6: "ss -ltnp"
        case .unix: "ss -lxp"
        case .vsock: "ss -lp --vsock"
        }
    }

    private func name(of index: Int) -> String {
        switch slots[index] {
        case .some(let listener): listener.name
        case .none: ""
        }
    }

    private func report(scheme: String, _ log: Logger) {
        for index in indices {
            let name = name(of: index)
            let isLocal = name.hasPrefix("unix:") || name.hasPrefix("vsock:")
            let text = isLocal ? "\(name) (\(scheme))" : "\(scheme)://\(name)"
            log.report(.listening, .info, "listening on \(text)", ["address": name])
        }
    }
}
