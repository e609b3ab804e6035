import CLinux
import Glibc

/// What a descriptor is watched for.
public enum Interest: Sendable {
    case readable
    case writable
    /// Nothing but that the peer has left: it closed, or said that it sends no more, which a FIN alone cannot tell apart; or there is
    /// an error.
    case hangUp

    var events: UInt32 {
        switch self {
        case .readable: EPOLLIN.rawValue
        case .writable: EPOLLOUT.rawValue
        case .hangUp: EPOLLRDHUP.rawValue
        }
    }
}

/// The kernel's list of watched descriptors, level-triggered. See epoll(7).
///
/// Each descriptor carries 64 bits of the caller's own, which come back with its events.
public struct Epoll: ~Copyable {
    let descriptor: FileDescriptor

    /// An empty list. See epoll_create1(2).
    public init() throws(SystemError) {
        let created = attempt { Int(epoll_create1(Int32(EPOLL_CLOEXEC))) }
        descriptor = FileDescriptor(inherited: Int32(try created.orThrow("epoll_create1")))
    }

    /// Watches a descriptor; `token` comes back with each of its events. See epoll_ctl(2).
    public borrowing func add(
        _ watched: borrowing FileDescriptor, _ interest: Interest, token: UInt64
    ) throws(SystemError) {
        try control(EPOLL_CTL_ADD, watched.number, interest.events, token)
    }

    /// Changes what a descriptor is watched for, and its token. See epoll_ctl(2).
    public borrowing func modify(
        _ watched: borrowing FileDescriptor, _ interest: Interest, token: UInt64
    ) throws(SystemError) {
        try control(EPOLL_CTL_MOD, watched.number, interest.events, token)
    }

    /// Stops watching. Closing a descriptor does the same, as long as nobody else holds a duplicate of it.
    public borrowing func remove(_ watched: borrowing FileDescriptor) throws(SystemError) {
        try control(EPOLL_CTL_DEL, watched.number, 0, 0)
    }

    private borrowing func control(
        _ operation: Int32, _ watched: Int32, _ events: UInt32, _ token: UInt64
    ) throws(SystemError) {
        var event = unsafe epoll_event(events: events, data: epoll_data_t(u64: token))
        let number = descriptor.number
        _ = try attempt { unsafe Int(epoll_ctl(number, operation, watched, &event)) }.orThrow("epoll_ctl")
    }

    /// Waits until something is ready, at most `timeoutMilliseconds`, or without end if that is nil. See epoll_wait(2).
    ///
    /// Who is stopped meanwhile, or looked at by a debugger, waits for what is left of the time. If it fails, the batch is empty.
    public borrowing func wait(into batch: inout EventBatch, timeoutMilliseconds: Int32?) throws(SystemError) {
        let number = descriptor.number
        let (events, capacity) = unsafe (batch.events, Int32(batch.capacity))
        let deadline = timeoutMilliseconds.map(Epoll.deadline)
        batch.count = 0
        let outcome = attempt {
            unsafe Int(clinux_epoll_wait(number, events, capacity, Epoll.milliseconds(until: deadline)))
        }
        batch.count = try outcome.orThrow("epoll_wait")
    }

    private static func deadline(inMilliseconds milliseconds: Int32) -> UInt64 {
        milliseconds > 0 ? Clock.monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000 : 0
    }

    private static func milliseconds(until deadline: UInt64?) -> Int32 {
        guard let deadline else { return -1 }
        return deadline > 0 ? Clock.milliseconds(from: Clock.monotonicNanoseconds(), until: deadline) : 0
    }
}

/// Room for the events of one wait, allocated once.
@safe
public struct EventBatch: ~Copyable {
    fileprivate let events: UnsafeMutablePointer<epoll_event>
    /// The most events of one wait; what else is ready comes with the next.
    public let capacity: Int
    /// How many events the last wait gave.
    public fileprivate(set) var count = 0

    /// Makes room for 1 to 4,096 events.
    public init(capacity: Int) {
        precondition(capacity > 0 && capacity <= 4096)
        unsafe events = UnsafeMutablePointer.allocate(capacity: capacity)
        unsafe events.initialize(repeating: epoll_event(), count: capacity)
        self.capacity = capacity
    }

    deinit {
        unsafe events.deallocate()
    }

    /// The token of the event at `index`. What happened is learned by trying: reads and writes report every trouble.
    public subscript(token index: Int) -> UInt64 {
        precondition(index >= 0 && index < count)
        return unsafe events[index].data.u64
    }
}
