import Kernel

/// A process that listens on a port.
struct PortHolder: Equatable {
    let identifier: Int
    /// As the kernel has it, so at most 15 bytes.
    let name: String
    /// The systemd service that it belongs to.
    let unit: String?

    /// systemd listens for whatever it starts then.
    var isSystemd: Bool { identifier == 1 && name == "systemd" }
    var isExporter: Bool { name.hasPrefix("pyjoules-export") }

    var description: String {
        "\(name) (process \(identifier)\(unit.map { ", \($0)" } ?? ""))"
    }
}

/// Who listens on TCP ports, as far as this user may see: of other users' processes only root sees the sockets. See proc(5).
struct PortHolders {
    let procfs: String

    /// Listening sockets come first in the kernel's tables, so that cutting them loses none.
    private static let tableBytes = 1 << 20
    private static let mostProcesses = 32_768
    private static let mostDescriptors = 4096

    func listening(on port: UInt16) -> [PortHolder] {
        let sockets = Set(["tcp", "tcp6"].flatMap { inodes(in: "\(procfs)/net/\($0)", port) }.map { "socket:[\($0)]" })
        guard !sockets.isEmpty else { return [] }
        let processes = names(in: procfs).compactMap { Int($0) }.sorted()
        return processes.prefix(PortHolders.mostProcesses)
            .filter { holds($0, sockets) }
            .map { PortHolder(identifier: $0, name: name($0), unit: unit($0)) }
    }

    /// The inodes of the sockets in a table that listen on the port.
    private func inodes(in table: String, _ port: UInt16) -> [Substring] {
        let listening = "0A"
        return text(table, PortHolders.tableBytes).split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == listening,
                let digits = fields[1].split(separator: ":").last, UInt16(digits, radix: 16) == port
            else { return nil }
            return fields[9]
        }
    }

    private func holds(_ process: Int, _ sockets: Set<String>) -> Bool {
        let directory = "\(procfs)/\(process)/fd"
        return names(in: directory).prefix(PortHolders.mostDescriptors).contains { name in
            do throws(SystemError) {
                return sockets.contains(try Files.link("\(directory)/\(name)"))
            } catch {
                // Closed meanwhile.
                return false
            }
        }
    }

    private func name(_ process: Int) -> String {
        String(text("\(procfs)/\(process)/comm", 64).prefix { $0 != "\n" })
    }

    /// `0::/system.slice/prometheus-pushgateway.service`. See cgroups(7).
    private func unit(_ process: Int) -> String? {
        let groups = text("\(procfs)/\(process)/cgroup", 4096).split(separator: "\n")
        return groups.lazy.compactMap { $0.split(separator: "/").last { $0.hasSuffix(".service") } }.first.map(
            String.init)
    }

    private func names(in directory: String) -> [String] {
        do {
            return try Files.names(in: directory)
        } catch {
            return []
        }
    }

    private func text(_ path: String, _ limit: Int) -> String {
        do {
            return String(decoding: try Files.read(path, limit: limit), as: UTF8.self)
        } catch {
            return ""
        }
    }
}
