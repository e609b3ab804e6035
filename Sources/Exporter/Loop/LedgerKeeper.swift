import Accounts
import Bytes
import Kernel
import Log
import Logging
import Sampling
import Sources
import Systemd

/// Where the ledger is kept: in systemd's fd store, in a file, or nowhere.
enum LedgerKeeper {
    /// The name under which systemd keeps the memory.
    static let storeName = "pyjoules-ledger"

    /// Opens the ledger, if somebody would keep it, and lets the sampling go on from it.
    ///
    /// - Parameter stored: the memory that systemd kept for us, if it did.
    static func keep(
        _ sampling: inout Sampling, _ configuration: Configuration, stored: consuming FileDescriptor?,
        _ notifier: borrowing Notifier, _ log: Logger
    ) throws {
        guard let boot = bootIdentity(configuration.stateFile, log) else { return }
        guard let store = try store(configuration, stored: stored, notifier, log) else { return }
        let ledger = Ledger(store, boot: boot, nowUnixMicroseconds: Clock.realtimeNanoseconds() / 1000)
        switch sampling.keep(in: ledger) {
        case .new: break
        case .restored(let domains):
            let isUnknown = sampling.accounts.contains { $0.hasBeenRead && $0.accountant.last == nil }
            log.report(
                .ledgerRestored, .info,
                "going on from an earlier run with \(counted(domains, "domain"))"
                    + (isUnknown
                        ? "; what was used in between is unknown of counters that begin with the program or are others now"
                        : ""),
                ["domains": String(domains)])
        case .refused(let reason): report(refused: reason, log)
        }
    }

    private static func report(refused reason: String, _ log: Logger) {
        log.report(
            .ledgerRefused, .warning, "what an earlier run left is not used, and counting starts anew: \(reason)",
            ["reason": reason])
    }

    private static func store(
        _ configuration: Configuration, stored: consuming FileDescriptor?, _ notifier: borrowing Notifier, _ log: Logger
    ) throws -> LedgerStore? {
        if let path = configuration.stateFile { return try StateFileOpening.open(path) }
        guard let memory = try memory(stored: stored, notifier, log) else { return nil }
        return LedgerStore(memory)
    }

    private static func memory(
        stored: consuming FileDescriptor?, _ notifier: borrowing Notifier, _ log: Logger
    ) throws(SystemError) -> SharedMemory? {
        guard let stored else { return try notifier.isConnected ? newMemory(notifier) : nil }
        do throws(SystemError) {
            if try FileStatus(of: stored).size != Ledger.firstLayoutMemoryBytes {
                return try SharedMemory(mapping: stored, length: Ledger.memoryBytes)
            }
            return try replacement(
                for: SharedMemory(mapping: stored, length: Ledger.firstLayoutMemoryBytes), notifier)
        } catch {
            // If it were kept beside a new one, the next run would be given both, and not know which is which.
            notifier.forget(name: storeName)
            report(refused: "what systemd kept is no ledger of this version", log)
            return try notifier.isConnected ? newMemory(notifier) : nil
        }
    }

    /// Memory that holds at its beginning what a ledger of the first layout holds, and takes its place at systemd: the length of
    /// that is sealed.
    private static func replacement(
        for older: borrowing SharedMemory, _ notifier: borrowing Notifier
    ) throws(SystemError) -> SharedMemory {
        var memory = try SharedMemory(anonymous: storeName, length: Ledger.memoryBytes)
        older.withBytes(0..<older.length) { memory.write($0, at: 0) }
        notifier.forget(name: storeName)
        // What it holds is gone on from even if systemd does not take it.
        _ = notifier.store(memory.descriptor, name: storeName)
        return memory
    }

    /// Empty memory that systemd keeps; nil if it does not take it.
    private static func newMemory(_ notifier: borrowing Notifier) throws(SystemError) -> SharedMemory? {
        let memory = try SharedMemory(anonymous: storeName, length: Ledger.memoryBytes)
        return notifier.store(memory.descriptor, name: storeName) ? consume memory : nil
    }

    /// Nil where the kernel does not tell, which is said if somebody has asked for a ledger.
    private static func bootIdentity(_ stateFile: String?, _ log: Logger) -> BootIdentity? {
        let path = "/proc/sys/kernel/random/boot_id"
        let reason: String
        do throws(SystemError) {
            let text = String(decoding: try Files.read(path, limit: 64), as: UTF8.self)
            if let identity = BootIdentity(text) { return identity }
            reason = "it shows no identity"
        } catch {
            reason = "\(error.code)"
        }
        let what = stateFile.map { "the state file \($0) is not used" } ?? "no totals are kept over restarts"
        log.report(
            .ledgerRefused, stateFile == nil ? .info : .warning,
            "\(what): whether they are from this start of the machine cannot be known, since \(path) cannot be read: \(reason)",
            ["reason": reason])
        return nil
    }
}
