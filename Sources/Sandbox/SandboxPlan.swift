public import Kernel

/// What is kept when everything else is given up.
public struct SandboxPlan: Sendable {
    /// Which layers are entered; the tests of one layer leave out the others, which would answer first.
    public var layers: [SandboxLayer] = SandboxLayer.allCases
    /// Files and directories that are read again after start, with all that lies below them. Those that do not exist are left out,
    /// and so are the places of those that do not exist yet: name a directory that stays.
    public var readablePaths: [String] = []
    /// Changes of files are noticed.
    public var watchesFiles = false
    /// Threads may be started; new processes never.
    public var allowsThreads = false
    /// Performance events may be opened, those of energy that appear later or are lost and come back: the call is allowed, and
    /// CAP_PERFMON is kept by a process that has it.
    public var opensPerfEvents = false
    /// Files that are open already are written, such as a state file.
    public var writesFiles = false
    /// The descriptor of a buffer that is filled anew, to be sent without a copy; nil without one.
    public var zeroCopyBuffer: Int32?
    /// Clients are served.
    public var servesClients = true
    /// Files are opened and read again. Otherwise, only what is open already is.
    public var readsFiles = true
    /// What a driver may be asked through its devices, which are open already.
    public var deviceCommands = DeviceCommands.none
    /// The descriptor of the directory in which files are replaced; nil without one.
    private(set) var replacingDirectory: Int32?
    /// There is a secret in memory, such as the key of a certificate: no other process of the same user may look into it.
    public var holdsSecrets = false
    /// Messages go to a unix socket without a file.
    public var reachesAbstractSockets = false
    /// A system call that is not on the list ends the process, instead of failing with EPERM: for tests, which should not pass by
    /// an error that somebody handles.
    public var isFatal = false

    /// All layers, and nothing kept.
    public init() {}

    /// Files are made and replaced in a directory, which stays open.
    public mutating func keepReplacing(in directory: borrowing ReplacingDirectory) {
        replacingDirectory = directory.withNumber { $0 }
    }

    /// Keeps a file readable that may be replaced, by another file or by a link to one: whatever is in its directory and, if it
    /// lies elsewhere because it is a link, in that one. A file that is not there yet is as good as one that is.
    public mutating func keepReadable(file path: String) {
        for file in [path, Files.realPath(path) ?? path] {
            let directory = Files.directory(of: file)
            // A file in the root directory is not worth keeping everything readable, which the working directory could be, too.
            if directory != "/" && directory != "." && !readablePaths.contains(directory) {
                readablePaths.append(directory)
            }
        }
    }
}

/// The commands of ioctl(2) that are allowed.
public enum DeviceCommands: Equatable, Sendable {
    case none
    /// One, by its number.
    case one(UInt32)
    case any
}

/// One of the kernel's means to give something up.
public enum SandboxLayer: String, CaseIterable, Sendable {
    /// Files and ports.
    case landlock
    /// System calls.
    case seccomp
    case capabilities
}
