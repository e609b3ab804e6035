import Bytes
import Kernel

/// The names of pods' containers, as the links to their logs have them. Only names are read: no link is followed.
///
/// The directory is listed when a container is looked for that is not known yet, at most once a pass, and never while none is.
struct PodNames: ~Copyable {
    /// Kubelet makes a link right after it has started the container, which is some time after the cgroup was made. After so long there
    /// will be none, as there is none for the sandbox that holds a pod.
    static let patienceNanoseconds: UInt64 = 10_000_000_000
    /// What is found beyond this has no name.
    private static let mostNames = 16_384
    private static let mostWaiting = 1024

    /// Somebody wants to know them.
    let isAskedFor: Bool
    private let directory: PathBuffer
    private var listing = DirectoryListing()
    /// Names of links by the container's number.
    private var names: [[UInt8]: [UInt8]] = [:]
    private var listedNanoseconds: UInt64?
    /// Since when a cgroup waits for its name.
    private var waiting: [UInt64: UInt64] = [:]
    /// How often the directory could not be listed.
    private(set) var faults: UInt64 = 0

    /// - Parameter path: the directory; nil if nobody asks.
    init(_ path: String?) throws(SystemError) {
        var directory = PathBuffer()
        guard directory.append(path ?? "") else { throw SystemError(call: "open", code: .nameTooLong) }
        self.directory = directory
        isAskedFor = path != nil
    }

    /// The name of a container's link; nil if there is none yet. It allocates.
    mutating func find(_ container: Span<UInt8>, at now: UInt64) -> [UInt8]? {
        let key = container.indices.map { container[$0] }
        if let name = names[key] { return name }
        guard listedNanoseconds != now else { return nil }
        listedNanoseconds = now
        do throws(SystemError) {
            try list()
        } catch {
            faults += 1
        }
        return names[key]
    }

    /// Whether a cgroup that has no name may still get one.
    mutating func isWorthWaiting(_ identifier: UInt64, at now: UInt64) -> Bool {
        if waiting.count >= PodNames.mostWaiting {
            waiting = waiting.filter { now - min(now, $0.value) < PodNames.patienceNanoseconds }
        }
        let since = waiting[identifier] ?? now
        waiting[identifier] = since
        return now - min(now, since) < PodNames.patienceNanoseconds
    }

    /// Lists the directory, and forgets what is there no more.
    mutating func list() throws(SystemError) {
        var found: [[UInt8]: [UInt8]] = [:]
        try listing.forEachLink(in: directory) { name in
            guard found.count < PodNames.mostNames, let parts = PodLogName(name) else { return }
            let text = name.indices.map { name[$0] }
            found[Array(text[parts.containerID])] = text
        }
        names = found
    }

    var count: Int { names.count }
}

extension Attribution {
    /// Looks for the names of pods' containers in a directory of links to their logs.
    ///
    /// - Returns: how many there are.
    public static func countPodNames(in path: String) throws(AttributionObstacle) -> Int {
        do throws(SystemError) {
            var names = try PodNames(path)
            try names.list()
            return names.count
        } catch {
            throw AttributionObstacle(
                reason: "pod names", description: "\(path) cannot be listed (\(error))",
                remedy: error.code == .notFound
                    ? "give --attribution.pod-names the directory in which kubelet makes links to logs, and in a container mount it"
                    : "let the exporter list it: 'chmod o+rx' on it, or in a container a user who may")
        }
    }
}
