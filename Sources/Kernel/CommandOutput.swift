import Glibc

/// Another program that was asked something, and what it prints: for questions outside of the loop.
public struct CommandOutput: ~Copyable {
    private let output: FileDescriptor
    private let child: pid_t

    /// Runs a program, looked up in PATH, with nothing to read and its complaints left out, and gives what it printed. Nil where it
    /// cannot be executed, fails, prints more than `limit` bytes or takes longer than so many milliseconds; then it is killed. See
    /// posix_spawn(3).
    public static func of(
        _ words: [String], limit: Int, patienceMilliseconds: UInt64
    ) throws(SystemError) -> [UInt8]? {
        let deadline = Clock.monotonicNanoseconds() + patienceMilliseconds * 1_000_000
        guard let command = try CommandOutput(starting: ArgumentVector(words)) else { return nil }
        let printed: [UInt8]?
        do throws(SystemError) {
            printed = try command.read(limit: limit, until: deadline)
        } catch {
            _ = command.end(kills: true)
            throw error
        }
        return command.end(kills: printed == nil) == .exited(status: 0) ? printed : nil
    }

    private init?(starting arguments: borrowing ArgumentVector) throws(SystemError) {
        var ends = InlineArray<2, Int32>(repeating: 0)
        var span = ends.mutableSpan
        _ = try attempt { unsafe Int(span.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) }) }.orThrow(
            "pipe")
        // Each end is closed in what is executed, but for the copy that is its output.
        guard let reader = FileDescriptor(announced: ends[0]), let writer = FileDescriptor(announced: ends[1]) else {
            return nil
        }
        guard let child = CommandOutput.spawn(arguments, printingTo: writer) else { return nil }
        output = reader
        self.child = child
    }

    private static func spawn(_ arguments: borrowing ArgumentVector, printingTo writer: borrowing FileDescriptor)
        -> pid_t?
    {
        var actions = unsafe posix_spawn_file_actions_t()
        _ = unsafe posix_spawn_file_actions_init(&actions)
        defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
        _ = unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        _ = unsafe posix_spawn_file_actions_adddup2(&actions, writer.number, 1)
        _ = unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Inherited as ignored, it would make the kernel forget how a child ended. See wait(2).
        _ = signal(SIGCHLD, SIG_DFL)
        let words = unsafe arguments.words
        var child: pid_t = 0
        guard let name = unsafe words[0], unsafe posix_spawnp(&child, name, &actions, nil, words, environ) == 0 else {
            return nil
        }
        return child
    }

    /// Everything until it closes its output; nil if that is too much, or comes too late.
    private borrowing func read(limit: Int, until deadline: UInt64) throws(SystemError) -> [UInt8]? {
        let epoll = try Epoll()
        try epoll.add(output, .readable, token: 0)
        var batch = EventBatch(capacity: 1)
        var printed: [UInt8] = []
        while printed.count <= limit {
            let now = Clock.monotonicNanoseconds()
            guard now < deadline else { return nil }
            try epoll.wait(into: &batch, timeoutMilliseconds: Clock.milliseconds(from: now, until: deadline))
            guard batch.count > 0 else { continue }
            let number = output.number
            var outcome = Outcome.value(0)
            printed.append(addingCapacity: 4096) { space in
                outcome = unsafe fill(&space) { buffer, count in unsafe Glibc.read(number, buffer, count) }
            }
            if try outcome.orThrow("read") == 0 { return printed }
        }
        return nil
    }

    /// Waits for its end. See waitpid(2).
    private borrowing func end(kills: Bool) -> ProcessEnd? {
        if kills { _ = kill(child, SIGKILL) }
        let number = child
        var status: Int32 = 0
        guard case .value = attempt({ unsafe Int(waitpid(number, &status, 0)) }) else { return nil }
        return ProcessEnd(waitStatus: status)
    }
}
