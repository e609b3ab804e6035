import Kernel
import Log
import Logging
import Serving

/// What the memory that the process may have leaves for its connections: how many there can be, and what the kernel may keep for each.
struct SocketMemory {
    /// What is assumed where the kernel tells no limit: `MemoryMax=` of pyjoules-exporter.service.
    static let assumedBytes = 64 << 20

    /// As many as the configuration says, or fewer where the memory bears no more.
    let maximumConnections: Int
    let buffers: SocketBuffers
    /// In words for people, where the configuration asks for more than there can be.
    let warning: String?

    /// - Parameters:
    ///   - maximumConnections: what `--web.max-connections` says.
    ///   - pageBytes: the length of a page of metrics.
    ///   - memoryBytes: the limit of the process; nil where none is known.
    init(maximumConnections wanted: Int, pageBytes: Int, memoryBytes: Int?) {
        let bytes = memoryBytes ?? SocketMemory.assumedBytes
        let most = max(1, SocketBuffers.mostConnections(memoryBytes: bytes) - Serving.sockets(forConnections: 0))
        maximumConnections = min(wanted, most)
        buffers = SocketBuffers(
            connections: Serving.sockets(forConnections: maximumConnections), pageBytes: pageBytes, memoryBytes: bytes)
        warning =
            wanted <= most
            ? nil
            : "--web.max-connections is lowered from \(wanted) to \(most): the memory limit of \(bytes) bytes bears no more; raise MemoryMax="
    }

    /// As the configuration and the process's cgroup say; a setting that is not followed is said in the log.
    init(_ configuration: Configuration, pageBytes: Int, _ log: Logger) {
        self.init(
            maximumConnections: configuration.maximumConnections, pageBytes: pageBytes,
            memoryBytes: MemoryLimit.bytes(
                procfs: configuration.procfs, cgroupfs: configuration.sysfs + "/fs/cgroup"))
        if let warning { log.report(.settingIgnored, .warning, warning) }
    }
}
