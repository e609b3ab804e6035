import Glibc
import Kernel
import Systemd

/// Feeds any text to what the service manager says by variables of the environment: descriptors and their names, its socket, the
/// watchdog, the journal. Lines of the input are their values.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEnvironment(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let lines = UnsafeBufferPointer(start: start, count: count).split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, name) in names.enumerated() {
        let value = index < lines.count ? lines[index].prefix { $0 != 0 } : []
        if value.isEmpty {
            unsetenv(name)
        } else {
            setenv(name, String(decoding: value, as: UTF8.self), 1)
        }
    }
    let pair = Announced()
    // Otherwise nothing would be taken in most cases.
    if count % 8 != 0 {
        setenv("LISTEN_PID", "\(getpid())", 1)
        setenv("WATCHDOG_PID", "\(getpid())", 1)
    }
    checkDescriptors()
    checkNotifier()
    _ = Journal.isStandardError(journalStream: Process.environment("JOURNAL_STREAM"))
    pair.close()
    return 0
}

private let names = [
    "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM",
]

/// Descriptors at the first two numbers that can be announced.
private struct Announced {
    init() {
        let null = open("/dev/null", O_RDONLY)
        for number in 3..<5 as Range<Int32> where number != null { dup2(null, number) }
        if null >= 5 { _ = Glibc.close(null) }
    }

    func close() {
        for number in 3..<5 as Range<Int32> { _ = Glibc.close(number) }
    }
}

private func checkDescriptors() {
    let inherited = InheritedDescriptors()
    for complaint in inherited.complaints { precondition(complaint.utf8.count < 70_000) }
    precondition(Process.environment("LISTEN_FDS") == nil && Process.environment("LISTEN_FDNAMES") == nil)
    var taken = 0
    inherited.handOver { name, descriptor in
        taken += 1
        precondition(!name.isEmpty)
        descriptor.withNumber { precondition($0 >= 3 && fcntl($0, F_GETFD) & FD_CLOEXEC != 0) }
    }
    precondition(taken <= InheritedDescriptors.capacity)
}

private func checkNotifier() {
    do throws(SystemError) {
        _ = try Notifier()
    } catch {
        precondition(!"\(error)".isEmpty)
    }
}
