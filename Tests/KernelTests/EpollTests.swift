import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct EpollTests {
    @Test(arguments: [0, 1, 0xFEDC_BA98_7654_3210, UInt64.max] as [UInt64])
    func `a token comes back as it was given`(token: UInt64) throws {
        let epoll = try Epoll()
        let pair = try FileDescriptor.connectedPair()
        try epoll.add(pair.first, .readable, token: token)
        #expect(try tokens(epoll) == [])
        _ = send("x", over: pair.second)
        #expect(try tokens(epoll) == [token])
    }

    @Test func `what is ready is told again until it is taken`() throws {
        let epoll = try Epoll()
        let pair = try FileDescriptor.connectedPair()
        try epoll.add(pair.first, .readable, token: 7)
        _ = send("xy", over: pair.second)
        #expect(try tokens(epoll) == [7])
        #expect(try tokens(epoll) == [7])
        _ = receive(over: pair.first, atMost: 1)
        #expect(try tokens(epoll) == [7], "one byte is still there")
        _ = receive(over: pair.first, atMost: 1)
        #expect(try tokens(epoll) == [])
    }

    @Test func `a peer that left makes a descriptor readable`() throws {
        let epoll = try Epoll()
        try FileDescriptor.connectedPair().split { mine, peers in
            try epoll.add(mine, .readable, token: 7)
            discard(peers)
            #expect(try tokens(epoll) == [7])
            #expect(receive(over: mine) == (.endOfFile, ""))
        }
    }

    @Test func `interest and token can be changed`() throws {
        let epoll = try Epoll()
        let pair = try FileDescriptor.connectedPair()
        try epoll.add(pair.first, .readable, token: 1)
        #expect(try tokens(epoll) == [])
        try epoll.modify(pair.first, .writable, token: 2)
        #expect(try tokens(epoll) == [2])
        try epoll.modify(pair.first, .readable, token: 3)
        #expect(try tokens(epoll) == [])
        _ = send("x", over: pair.second)
        #expect(try tokens(epoll) == [3])
    }

    /// A FIN does not raise EPOLLHUP, so that connections once stayed whose clients had left.
    @Test func `that the peer has left is told apart from what it sends`() throws {
        let epoll = try Epoll()
        let pair = try FileDescriptor.connectedPair()
        try epoll.add(pair.first, .hangUp, token: 7)
        #expect(send("x", over: pair.second) == .bytes(1))
        #expect(try tokens(epoll) == [])
        #expect(pair.second.finishSending() == true)
        #expect(try tokens(epoll) == [7])
    }

    @Test func `what was removed is told no more and can be added again`() throws {
        let epoll = try Epoll()
        let pair = try FileDescriptor.connectedPair()
        try epoll.add(pair.first, .writable, token: 1)
        try epoll.remove(pair.first)
        #expect(try tokens(epoll) == [])
        try epoll.add(pair.first, .writable, token: 2)
        #expect(try tokens(epoll) == [2])
    }

    @Test func `closing a descriptor ends its being watched`() throws {
        let epoll = try Epoll()
        try FileDescriptor.connectedPair().split { first, second in
            try epoll.add(first, .writable, token: 1)
            try epoll.add(second, .writable, token: 2)
            discard(first)
            #expect(try tokens(epoll) == [2])
        }
    }

    @Test func `a batch takes as many events as it has room for, and the next takes the others`() throws {
        let epoll = try Epoll()
        let one = try FileDescriptor.connectedPair()
        let two = try FileDescriptor.connectedPair()
        try epoll.add(one.first, .writable, token: 1)
        try epoll.add(one.second, .writable, token: 2)
        try epoll.add(two.first, .writable, token: 3)
        let first = try tokens(epoll, capacity: 2)
        let second = try tokens(epoll, capacity: 2)
        #expect(first.count == 2)
        #expect(Set(first + second) == [1, 2, 3])
    }

    @Test func `an event that comes while it waits ends the waiting`() throws {
        let epoll = try Epoll()
        let timer = try Timer(intervalNanoseconds: 2_000_000)
        try epoll.add(timer.descriptor, .readable, token: 9)
        var batch = EventBatch(capacity: 4)
        try epoll.wait(into: &batch, timeoutMilliseconds: nil)
        #expect(batch.count == 1)
        #expect(batch[token: 0] == 9)
    }

    /// The kernel waits the whole time anew after each signal, even one that only let a stopped process go on: see signal(7).
    @Test func `who is interrupted again and again waits no longer than was said`() throws {
        let epoll = try Epoll()
        let before = signal(SIGALRM) { _ in }
        var (alarm, blocked) = (sigset_t(), sigset_t())
        sigemptyset(&alarm)
        sigaddset(&alarm, SIGALRM)
        pthread_sigmask(SIG_UNBLOCK, &alarm, &blocked)
        var toThisThread = sigevent()
        toThisThread.sigev_signo = SIGALRM
        toThisThread.sigev_notify = Int32(SIGEV_THREAD_ID)
        toThisThread._sigev_un._tid = try thread()
        var timer: timer_t?
        try checked("timer_create", timer_create(CLOCK_MONOTONIC, &toThisThread, &timer))
        let step = timespec(tv_sec: 0, tv_nsec: 2_000_000)
        var interruptions = itimerspec(it_interval: step, it_value: step)
        try checked("timer_settime", timer_settime(timer, 0, &interruptions, nil))
        let start = Clock.monotonicNanoseconds()
        var batch = EventBatch(capacity: 1)
        try epoll.wait(into: &batch, timeoutMilliseconds: 30)
        let end = Clock.monotonicNanoseconds()
        try checked("timer_delete", timer_delete(timer))
        pthread_sigmask(SIG_SETMASK, &blocked, nil)
        signal(SIGALRM, before)
        #expect(batch.count == 0)
        #expect(end >= start + 30_000_000)
    }

    @Test func `misuse is an error that names the call`() throws {
        let epoll = try Epoll()
        let pair = try FileDescriptor.connectedPair()
        expect(EEXIST) {
            try epoll.add(pair.first, .readable, token: 1)
            try epoll.add(pair.first, .readable, token: 1)
        }
        expect(ENOENT) { try epoll.modify(pair.second, .readable, token: 1) }
        expect(ENOENT) { try epoll.remove(pair.second) }
        let file = try FileDescriptor.open("/", O_RDONLY)
        expect(EPERM) { try epoll.add(file, .readable, token: 1) }
    }

    private func expect(_ number: Int32, _ body: () throws -> Void) {
        #expect {
            try body()
        } throws: { error in
            guard let error = error as? SystemError else { return false }
            return "\(error.call)" == "epoll_ctl" && error.code.number == number
        }
    }

    /// The kernel's number of the thread that asks.
    private func thread() throws -> pid_t {
        let name = try Files.link("/proc/thread-self")
        return try #require(name.split(separator: "/").last.flatMap { pid_t($0) })
    }

    /// What is ready now.
    private func tokens(_ epoll: borrowing Epoll, capacity: Int = 8) throws -> [UInt64] {
        var batch = EventBatch(capacity: capacity)
        try epoll.wait(into: &batch, timeoutMilliseconds: 0)
        var tokens: [UInt64] = []
        for index in 0..<batch.count { tokens.append(batch[token: index]) }
        return tokens
    }
}
