import Kernel

/// What is known of the socket unit that came with the package.
struct SocketUnit {
    /// Where it says that it listens.
    var addresses: [SocketAddress] = [.any(port: Examination.usualPort)]
    /// systemd has it open; nil if it did not tell.
    var isOpen: Bool?
    /// Whoever connects starts the service.
    var wakesService = false
}

extension SocketUnit {
    /// What systemd told; without that, the unit is taken for what it is as it comes.
    init(_ units: Units?) {
        guard let units else { return }
        addresses = units.socket.addresses
        isOpen = units.socket.isActive
        wakesService = units.socket.isActive && !units.service.isActive
    }

    /// Why nobody listens on one of its addresses, and what helps.
    func absence(_ address: SocketAddress) -> Finding {
        isOpen == false
            ? Finding(
                .problem, .port, "Nobody listens on \(address), since \(Unit.socketName) is not started.",
                remedy: "sudo systemctl start \(Unit.serviceName), which starts its socket too")
            : Finding(
                .problem, .port,
                "Nobody listens on \(address), where \(Unit.socketName) is to: its address was changed after it had been opened.",
                remedy: "sudo systemctl restart \(Unit.socketName)")
    }
}
