import Kernel
import Logging

/// All listening sockets, inherited or our own.
struct Listeners: ~Copyable {
    /// systemd passes few, and nobody types more.
    static let capacity = 16

    private var slots = InlineArray<16, Listener?> { _ in nil }
    private(set) var count = 0
    /// systemd opened them and keeps them open.
    private(set) var areInherited = false

    init() {}

    /// Opens the addresses of the configuration, unless systemd passed sockets. `scheme` is what is spoken on them.
    mutating func open(_ configuration: Configuration, scheme: String, _ log: Logger) throws {
        if areInherited {
            guard count > 0 else { throw StartFailure(message: "none of the sockets passed by systemd can be served") }
            if !configuration.listenAddresses.isEmpty {
                log.report(.listening, .warning, "systemd passed sockets, so --web.listen-address is not used")
            }
        } else {
            guard !configuration.requiresInheritedSockets else {
                throw StartFailure(
                    message: "--web.systemd-socket is given, but no socket activation file descriptors were found; "
                        + "start pyjoules-exporter.socket instead of the service")
            }
            let all = configuration.listenAddresses
            for address in all.isEmpty ? [.any(port: configuration.defaultPort)] : all { try open(address) }
        }
        report(scheme: scheme, log)
    }

    subscript(index: Int) -> Listener? {
        _read { yield slots[index] }
        _modify { yield &slots[index] }
    }

    mutating func add(_ listener: consuming Listener) {
        precondition(count < Listeners.capacity)
        slots[count] = consume listener
        count += 1
    }

    /// Closes all; systemd keeps its own ends, where new connections wait for the next start.
    mutating func removeAll() {
        for index in 0..<count { slots[index] = nil }
        count = 0
    }

    /// Takes a descriptor that systemd passed, if it is a socket that can be served.
    mutating func adopt(_ descriptor: consuming FileDescriptor, name: String, _ log: Logger) throws(SystemError) {
        areInherited = true
        guard count < Listeners.capacity else {
            return log.report(.socketRefused, .error, "more than \(Listeners.capacity) sockets", ["name": name])
        }
        switch try Listener.adopt(descriptor) {
        case .listener(let listener): add(listener)
        case .refused(let why):
            log.report(
                .socketRefused, .error, "the socket '\(name)' passed by systemd is not served: \(why)",
                ["name": name, "reason": why])
        }
    }

    private mutating func open(_ address: SocketAddress) throws {
        guard count < Listeners.capacity else {
            throw StartFailure(message: "more than \(Listeners.capacity) listen addresses")
        }
        do {
            add(try Listener(on: address))
        } catch {
            throw StartFailure(message: "cannot listen on \(address): \(Listeners.reason(error, address))")
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
        for index in 0..<count {
            let name = name(of: index)
            let isLocal = name.hasPrefix("unix:") || name.hasPrefix("vsock:")
            let text = isLocal ? "\(name) (\(scheme))" : "\(scheme)://\(name)"
            log.report(.listening, .info, "listening on \(text)", ["address": name])
        }
    }
}
