import Bytes

/// Where the energy of a domain went while a command ran, in microjoules.
public struct CommandParts: Equatable, Sendable {
    var command: UInt64
    var others: UInt64
    var idle: UInt64

    /// - Parameters:
    ///   - command: what the command's control group used.
    ///   - others: what everybody else used.
    ///   - idle: what nobody used.
    public init(command: UInt64, others: UInt64, idle: UInt64) {
        self.command = command
        self.others = others
        self.idle = idle
    }

    var total: UInt64 { command.saturatingSum(others).saturatingSum(idle) }
}

/// Who used the energy while a command ran, by processor time.
public struct CommandAttribution: Equatable, Sendable {
    var commandMicroseconds: UInt64
    var othersMicroseconds: UInt64
    /// In the order of the sampling's accounts; nil where nothing is shared out, since it lies in another domain.
    var parts: [CommandParts?]

    /// - Parameters:
    ///   - commandMicroseconds: how long the command's tasks ran.
    ///   - othersMicroseconds: how long all others' tasks and the kernel ran.
    ///   - parts: in the order of the sampling's accounts; nil where nothing is shared out.
    public init(commandMicroseconds: UInt64, othersMicroseconds: UInt64, parts: [CommandParts?]) {
        self.commandMicroseconds = commandMicroseconds
        self.othersMicroseconds = othersMicroseconds
        self.parts = parts
    }

    /// The parts of a domain, if they are of all that the domain used.
    func parts(of index: Int, _ energy: DomainEnergy?) -> CommandParts? {
        guard let energy, let parts = parts[index], parts.total == energy.microjoules else { return nil }
        return parts
    }

    /// The mean of several; nil if there are none.
    static func mean(_ all: [CommandAttribution]) -> (command: UInt64, others: UInt64)? {
        guard let command = Statistics(all.map(\.commandMicroseconds)),
            let others = Statistics(all.map(\.othersMicroseconds))
        else { return nil }
        return (command.mean.magnitude, others.mean.magnitude)
    }
}

extension CommandParts {
    /// The mean of several, of which the idle part is what makes up the mean energy; nil if there are none.
    static func mean(_ all: [CommandParts], of total: UInt64) -> CommandParts? {
        guard let command = Statistics(all.map(\.command)), let others = Statistics(all.map(\.others)) else {
            return nil
        }
        let used = min(total, command.mean.magnitude.saturatingSum(others.mean.magnitude))
        return CommandParts(
            command: min(command.mean.magnitude, used), others: used - min(command.mean.magnitude, used),
            idle: total - used)
    }
}
