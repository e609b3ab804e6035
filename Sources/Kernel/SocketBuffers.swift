/// How much the kernel may keep for each connection, so that clients who stop reading, or send what nobody takes, cannot fill the memory
/// that this process may have: socket memory counts towards the limit of its cgroup.
///
/// Each direction of all connections together gets a quarter of that memory, so both stay below half of it. The kernel's counts are
/// meant, which take in what it spends on keeping track of the bytes.
public struct SocketBuffers: Equatable, Sendable {
    /// What the kernel is told to keep of what is sent, which it doubles, and the most that is handed to it in one call: it looks at its
    /// limit before it begins to take a piece, and not while it does.
    ///
    /// So two pieces are on their way before it refuses one, and a client acknowledges two at once: one alone, if it is no longer than a
    /// packet, only after 40 ms.
    public let sendBytes: Int
    /// What the kernel is told to keep of what arrives and is not read, which it doubles.
    public let receiveBytes: Int
    /// While there are no more connections than these, responses may be sent without a copy, by `ZeroCopyBuffer`.
    public private(set) var zeroCopyConnections = 0

    /// Whatever it is told, the kernel keeps twice as much at least: SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF.
    public static let smallest = SocketBuffers(sendBytes: 2304, receiveBytes: 1152)
    /// Of the share of a connection in a direction: what the kernel spends on the last piece that it took, and what it rounds up to a
    /// page of memory.
    static let overheadBytes = 6 * 1024
    /// A request has some hundred bytes; a longer one comes in several pieces.
    private static let usefulReceiveBytes = 8 * 1024
    /// A page is handed over together with its head, which has some 220 bytes.
    private static let headBytes = 256
    /// The longest packet that waits to be sent.
    private static let packetBytes = 64 * 1024

    private init(sendBytes: Int, receiveBytes: Int) {
        self.sendBytes = sendBytes
        self.receiveBytes = receiveBytes
    }

    /// As much as a page needs, or as the connections' share bears.
    ///
    /// - Parameters:
    ///   - connections: how many there may be at a time; see `mostConnections`.
    ///   - pageBytes: what is usually sent at once.
    ///   - memoryBytes: what the process may have.
    public init(connections: Int, pageBytes: Int, memoryBytes: Int) {
        precondition(connections > 0)
        let share = memoryBytes / 4 / connections - SocketBuffers.overheadBytes
        let mostSent = share / 3
        let wanted = pageBytes > mostSent ? mostSent : pageBytes + SocketBuffers.headBytes
        self.init(
            sendBytes: max(SocketBuffers.smallest.sendBytes, min(wanted, mostSent)),
            receiveBytes: max(SocketBuffers.smallest.receiveBytes, min(SocketBuffers.usefulReceiveBytes, share / 4)))
        let more = heldZeroCopyBytes - heldSendingBytes
        let rest = max(0, memoryBytes / 4 - connections * heldSendingBytes)
        zeroCopyConnections = more > 0 ? min(connections, rest / more) : connections
    }

    /// The most connections that an amount of memory bears, with the smallest buffers.
    public static func mostConnections(memoryBytes: Int) -> Int {
        memoryBytes / 4 / smallest.heldSendingBytes
    }

    /// The most that the kernel holds of what is sent on one connection: the last piece may come when next to nothing is missing.
    public var heldSendingBytes: Int { 3 * sendBytes + SocketBuffers.overheadBytes }
    /// The same where responses are sent without a copy: beside what is on its way a packet that waits, since TCP appends to that, and
    /// sendfile(2) knows nothing of MSG_EOR.
    public var heldZeroCopyBytes: Int {
        max(heldSendingBytes, 2 * sendBytes + SocketBuffers.packetBytes + SocketBuffers.overheadBytes)
    }
    /// The most that the kernel holds of what is received on one connection: the last packet may come when next to nothing is missing,
    /// and is no longer than what was offered.
    public var heldReceivingBytes: Int { 4 * receiveBytes + SocketBuffers.overheadBytes }
}
