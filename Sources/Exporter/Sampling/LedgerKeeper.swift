import Energy
import Kernel
import Log
import Logging
import Systemd

/// Where the ledger is kept: in systemd's fd store, in a file, or nowhere.
enum LedgerKeeper {
    /// The name under which systemd keeps the memory.
    static let storeName = "pyjoules-ledger"

    /// Opens the ledger and lets the sampler go on from it. Nil where nobody would keep one.
    ///
    /// - Parameter stored: the memory that systemd kept for us, if it did.
    static func open(
        _ configuration: Configuration, stored: consuming FileDescriptor?, _ measurement: inout Measurement,
        _ notifier: borrowing Notifier, _ log: Logger
    ) throws -> Ledger? {
        guard measurement.isUp, let boot = bootIdentity() else { return nil }
        guard let memory = try memory(configuration, stored: stored, notifier, log) else { return nil }
        var ledger = Ledger(memory, boot: boot, nowUnixMicroseconds: Clock.realtimeNanoseconds() / 1000)
        switch ledger.restore(&measurement.sampler, source: measurement.sourceName) {
        case .new: break
        case .restored(let domains):
            let unseen = measurement.sampler.accounts.contains { $0.hasBeenRead && $0.accountant.last == nil }
            log.report(
                .ledgerRestored, .info,
                "going on from an earlier run with \(domains) domains"
                    + (unseen
                        ? "; what was used in between is unknown, since these counters begin with the program" : ""),
                ["domains": String(domains)])
        case .refused(let reason): report(refused: reason, log)
        }
        return ledger
    }

    private static func report(refused reason: String, _ log: Logger) {
        log.report(
            .ledgerRefused, .warning, "what an earlier run left is not used, and counting starts anew: \(reason)",
            ["reason": reason])
    }

    private static func memory(
        _ configuration: Configuration, stored: consuming FileDescriptor?, _ notifier: borrowing Notifier, _ log: Logger
    ) throws -> SharedMemory? {
        if let path = configuration.stateFile {
            do throws(SystemError) {
                let memory = try SharedMemory(file: path, length: Ledger.memoryBytes)
                if memory.isReplacement {
                    report(refused: "\(path) has another length than a ledger of this version", log)
                }
                return memory
            } catch {
                throw StartFailure(message: "cannot use the state file \(path): \(error)")
            }
        }
        if let stored {
            do throws(SystemError) {
                return try SharedMemory(mapping: stored, length: Ledger.memoryBytes)
            } catch {
                // Of another length it is another version's: a new one takes its place. If it were kept beside that, the next
                // run would be given both, and not know which is which.
                notifier.forget(name: storeName)
                report(refused: "what systemd kept is no ledger of this version", log)
            }
        }
        guard notifier.isConnected else { return nil }
        let memory = try SharedMemory(anonymous: storeName, length: Ledger.memoryBytes)
        guard notifier.store(memory.descriptor, name: storeName) else { return nil }
        return memory
    }

    private static func bootIdentity() -> BootIdentity? {
        do throws(SystemError) {
            let text = try Files.read("/proc/sys/kernel/random/boot_id", limit: 64)
            return BootIdentity(String(decoding: text, as: UTF8.self))
        } catch {
            return nil
        }
    }
}
