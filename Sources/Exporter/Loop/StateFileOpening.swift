import Accounts
import Bytes
import Kernel
import Sampling

/// Opens the file that `--state-file` names, and says what helps where that cannot be done.
enum StateFileOpening {
    /// Makes the file if it is missing, and its directory if only that is.
    static func open(_ path: String) throws(StartFailure) -> LedgerStore {
        do throws(LedgerStore.FileObstacle) {
            return try LedgerStore.file(at: path)
        } catch {
            guard case .failed(let missing) = error, missing.code == .notFound else { throw failure(error, path) }
        }
        let directory = Files.directory(of: path)
        do throws(SystemError) {
            try Files.makeDirectory(directory)
        } catch {
            throw StartFailure(
                message:
                    "cannot use the state file \(path): its directory is missing and cannot be made (\(error.code)): "
                    + "'mkdir -p \(directory)' makes it; \(systemd)")
        }
        do throws(LedgerStore.FileObstacle) {
            return try LedgerStore.file(at: path)
        } catch {
            throw failure(error, path)
        }
    }

    private static let systemd =
        "a service of systemd needs none, since systemd keeps its totals, or StateDirectory=pyjoules-exporter for one in "
        + "/var/lib/pyjoules-exporter"

    private static func failure(_ obstacle: LedgerStore.FileObstacle, _ path: String) -> StartFailure {
        StartFailure(message: "cannot use the state file \(path): \(reason(obstacle, path))")
    }

    private static func reason(_ obstacle: LedgerStore.FileObstacle, _ path: String) -> String {
        switch obstacle {
        case .foreign(let bytes):
            return
                "it holds something else (\(counted(bytes, "byte"))), which is left as it is: name another file with --state-file, "
                + "or remove this one if nobody needs it"
        case .failed(let error) where error.code == .wouldBlock:
            return
                "another program has it, most likely another exporter: stop that one first, or give each a file of its own "
                + "with --state-file ('fuser -v \(path)' names it)"
        case .failed(let error) where error.code == .noSpace:
            return
                "\(error): it needs \(Ledger.memoryBytes / 1024) KiB; make room, or name a file elsewhere with --state-file"
        case .failed(let error) where error.code == .tooManyLinks:
            return "it is a link, which is not followed: name the file that it leads to"
        case .failed(let error) where [.permissionDenied, .readOnlyFileSystem].contains(error.code):
            return "\(error): name a file that this user may write; \(systemd)"
        case .failed(let error): return "\(error)"
        }
    }
}
