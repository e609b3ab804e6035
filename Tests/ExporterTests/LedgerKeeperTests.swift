import Accounts
import Counters
import Glibc
import Systemd
import TestSupport
import Testing

@testable import Exporter
@testable import Kernel
@testable import Sampling
@testable import Sources

@Suite struct LedgerKeeperTests {
    @Test func `without systemd and without a file there is no ledger`() throws {
        let bench = try Bench()
        let isKept = try bench.run(manager: nil) { isKept, _ in isKept }
        #expect(!isKept)
    }

    @Test func `a new run stores its memory at the manager, once`() throws {
        let bench = try Bench()
        let manager = try DatagramReceiver()
        let isKept = try bench.run(manager: manager.path) { isKept, _ in isKept }
        #expect(isKept)
        let message = try #require(try manager.receiveAttached())
        #expect(message.text == "FDSTORE=1\nFDNAME=pyjoules-ledger\n")
        close(try #require(message.descriptor))
        #expect(manager.receiveText() == nil)
        #expect(bench.logged.lines().isEmpty == true)
    }

    @Test func `the next run goes on with the memory that the manager kept`() throws {
        let bench = try Bench()
        let manager = try DatagramReceiver()
        let total = try bench.run(manager: manager.path) { _, total in total }
        let stored = try #require(try manager.receiveAttached()?.descriptor)
        let later = try bench.run(manager: manager.path, stored: stored) { _, total in total }
        #expect(later > total)
        #expect(manager.receiveText() == nil, "what is kept is kept")
        let lines = bench.logged.lines()
        #expect(lines.count == 1)
        #expect(lines[0].hasPrefix("level=info event=ledger_restored"))
        #expect(lines[0].hasSuffix("domains=5"))
    }

    /// Memory of an older version was once kept beside the new one, and the next run was given both.
    @Test func `memory of another length is replaced at the manager`() throws {
        let bench = try Bench()
        let manager = try DatagramReceiver()
        let older = try SharedMemory(anonymous: "test", length: 4096)
        let isKept = try bench.run(manager: manager.path, stored: dup(older.descriptor.number)) { isKept, _ in isKept }
        #expect(isKept)
        #expect(manager.receiveText() == "FDSTOREREMOVE=1\nFDNAME=pyjoules-ledger\n")
        let message = try #require(try manager.receiveAttached())
        #expect(message.text == "FDSTORE=1\nFDNAME=pyjoules-ledger\n")
        let descriptor = FileDescriptor(inherited: try #require(message.descriptor))
        #expect(try FileStatus(of: descriptor).size == Ledger.memoryBytes)
    }

    /// The memory of the first layout is sealed at its length, which is too short for the new one.
    @Test func `memory of the first layout is gone on from, and replaced at the manager under the same name`() throws {
        let bench = try Bench()
        let manager = try DatagramReceiver()
        let older = try SharedMemory(anonymous: "test", length: Ledger.firstLayoutMemoryBytes)
        let isKept = try bench.run(manager: manager.path, stored: dup(older.descriptor.number)) { isKept, _ in isKept }
        #expect(isKept)
        #expect(manager.receiveText() == "FDSTOREREMOVE=1\nFDNAME=pyjoules-ledger\n")
        let message = try #require(try manager.receiveAttached())
        #expect(message.text == "FDSTORE=1\nFDNAME=pyjoules-ledger\n")
        let descriptor = FileDescriptor(inherited: try #require(message.descriptor))
        #expect(try FileStatus(of: descriptor).size == Ledger.memoryBytes)
        #expect(bench.logged.lines().isEmpty == true)
    }

    @Test func `a manager that is gone keeps nothing`() throws {
        let bench = try Bench()
        let isKept = try bench.run(manager: "@pyjoules-test-nobody-\(getpid())") { isKept, _ in isKept }
        #expect(!isKept)
    }

    @Test func `memory that is not a ledger is refused with one line, and used anew`() throws {
        let bench = try Bench()
        var memory = try SharedMemory(anonymous: "test", length: Ledger.memoryBytes)
        let nonsense: [UInt8] = Array(repeating: 0x55, count: Ledger.memoryBytes)
        memory.write(nonsense.span, at: 0)
        let isKept = try bench.run(manager: nil, stored: dup(memory.descriptor.number)) { isKept, _ in isKept }
        #expect(isKept)
        let lines = bench.logged.lines()
        #expect(lines.count == 1)
        #expect(lines[0].hasPrefix("level=warning event=ledger_refused"))
        #expect(lines[0].hasSuffix("reason=\"it has an unknown layout\""))
        let isRestored = try bench.run(manager: nil, stored: dup(memory.descriptor.number)) { _, total in total > 0 }
        #expect(isRestored)
    }

    @Test func `a state file does the same without systemd, and goes before it`() throws {
        try withTemporaryDirectory { directory in
            let bench = try Bench(stateFile: directory + "/state")
            let manager = try DatagramReceiver()
            let total = try bench.run(manager: manager.path) { _, total in total }
            let later = try bench.run(manager: manager.path) { _, total in total }
            #expect(later > total)
            #expect(manager.receiveText() == nil)
            #expect(bench.logged.lines().count == 1)
        }
    }

    @Test func `a state file that cannot be used ends the start, and says which and why`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/missing/for/state"
            let bench = try Bench(stateFile: path)
            let missing = #expect(throws: StartFailure.self) { try bench.run(manager: nil) { _, _ in } }
            let message =
                "cannot use the state file \(path): its directory is missing and cannot be made (No such file or directory): "
                + "'mkdir -p \(directory)/missing/for' makes it; "
            #expect(missing?.message.hasPrefix(message) == true)
            let other = try StateFile(locking: directory + "/state")
            let taken = try Bench(stateFile: directory + "/state")
            let refused = #expect(throws: StartFailure.self) { try taken.run(manager: nil) { _, _ in } }
            #expect(refused?.message.contains("another exporter") == true)
            #expect(refused?.message.contains("--state-file") == true)
            #expect(try other.size() == 0)
        }
    }

    /// A file named by mistake was once overwritten.
    @Test func `nothing is written to a file that holds something else`() throws {
        let foreign: [[UInt8]] = [
            Array("precious: data\n".utf8), [0], Array(repeating: 0, count: Ledger.memoryBytes - 1),
            Array(repeating: 0, count: Ledger.memoryBytes + 1), Array(repeating: 0xFF, count: Ledger.memoryBytes),
            [1] + Array(repeating: 0, count: Ledger.memoryBytes - 1), Array("PJLEDG".utf8),
        ]
        try withTemporaryDirectory { directory in
            let path = directory + "/state"
            let bench = try Bench(stateFile: path)
            for content in foreign {
                try writeFile(path, content)
                let refused = #expect(throws: StartFailure.self) { try bench.run(manager: nil) { _, _ in } }
                #expect(refused?.message.contains("it holds something else (\(content.count) byte") == true)
                #expect(try Files.read(path, limit: content.count + 1) == content)
            }
        }
    }

    @Test func `a file that nobody has written to is used`() throws {
        try withTemporaryDirectory { directory in
            for (number, length) in [0, Ledger.firstLayoutMemoryBytes, Ledger.memoryBytes].enumerated() {
                let path = "\(directory)/state\(number)"
                try writeFile(path, Array(repeating: 0, count: length))
                let bench = try Bench(stateFile: path)
                let total = try bench.run(manager: nil) { _, total in total }
                let later = try bench.run(manager: nil) { _, total in total }
                #expect(later > total)
                #expect(bench.logged.lines().count == 1, "it is restored, and there was nothing to refuse before")
            }
        }
    }

    /// A program that is killed before its first pass leaves the mark alone.
    @Test func `a file that was only marked is new`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/state"
            _ = try LedgerStore.file(at: path)
            #expect(try Files.read(path, limit: 8) == Array("PJLEDGR\u{2}".utf8))
            let bench = try Bench(stateFile: path)
            let isKept = try bench.run(manager: nil) { isKept, _ in isKept }
            #expect(isKept)
            #expect(bench.logged.lines().isEmpty == true)
        }
    }

    @Test func `a ledger that was shortened, or that has more behind it, is gone on from`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/state"
            let bench = try Bench(stateFile: path)
            _ = try bench.run(manager: nil) { _, total in total }
            let content = try Files.read(path, limit: Ledger.memoryBytes)
            for length in [Ledger.memoryBytes - 1, Ledger.memoryBytes / 2 + 4096, Ledger.memoryBytes / 2, 8] {
                try writeFile(path, Array(content[..<length]))
                _ = try bench.run(manager: nil) { _, total in total }
                #expect(try Files.read(path, limit: Ledger.memoryBytes + 1).count == Ledger.memoryBytes)
            }
            try writeFile(path, content + [1, 2, 3])
            let isRestored = try bench.run(manager: nil) { _, total in total > 0 }
            #expect(isRestored)
            #expect(try Files.read(path, limit: Ledger.memoryBytes + 4).suffix(3) == [1, 2, 3])
        }
    }

    @Test func `a pipe is no state file, and nobody waits for it`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/state"
            #expect(mkfifo(path, 0o600) == 0)
            let bench = try Bench(stateFile: path)
            let refused = #expect(throws: StartFailure.self) { try bench.run(manager: nil) { _, _ in } }
            #expect(refused?.message == "cannot use the state file \(path): open: not a regular file")
        }
    }

    @Test func `memory that somebody can shorten is not taken from the manager`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/memory", Array(repeating: 0, count: Ledger.memoryBytes))
            let bench = try Bench()
            let stored = open(directory + "/memory", O_RDWR)
            let isKept = try bench.run(manager: nil, stored: stored) { isKept, _ in isKept }
            #expect(!isKept)
            #expect(bench.logged.lines().first?.hasPrefix("level=warning event=ledger_refused") == true)
        }
    }

    @Test func `without a source the ledger is kept for what comes later`() throws {
        let bench = try Bench()
        let manager = try DatagramReceiver()
        var sampling = Sampling(.none())
        let notifier = try Notifier(socket: manager.path, watchdogMicroseconds: nil)
        try LedgerKeeper.keep(&sampling, Configuration(), stored: nil, notifier, bench.logged.log)
        let isKept = sampling.isKept
        #expect(isKept)
        #expect(manager.receiveText()?.contains("FDSTORE=1") == true)
    }

    /// Runs of the program one after the other, as far as the ledger is concerned.
    private struct Bench: ~Copyable {
        let logged: LogBench
        private var configuration = Configuration()

        init(stateFile: String? = nil) throws {
            logged = try LogBench()
            configuration.source = .simulated
            configuration.stateFile = stateFile
        }

        /// Opens the ledger as a run does, counts for a millisecond, writes, and lends whether a ledger is kept and the
        /// machine's energy.
        func run<Value>(
            manager: String?, stored: Int32? = nil, _ body: (Bool, UInt64) throws -> Value
        ) throws -> Value {
            var sampling = Sampling(.simulated())
            let notifier = try Notifier(socket: manager, watchdogMicroseconds: nil)
            let kept = stored.map { FileDescriptor(inherited: $0) }
            try LedgerKeeper.keep(&sampling, configuration, stored: kept, notifier, logged.log)
            sampling.tick()
            while Clock.monotonicNanoseconds() < sampling.lastPassNanoseconds + 1_000_000 {}
            sampling.tick()
            return try body(sampling.isKept, sampling.hostMicrojoules)
        }
    }
}
