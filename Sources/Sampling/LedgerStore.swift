import Accounts
public import Kernel

/// Where a ledger lies: in memory that outlives the process, or in a file.
public struct LedgerStore: ~Copyable {
    // One of the two. An enum would say so, but its switch makes the compiler (6.3.1) generate what it then refuses.
    private var memory: SharedMemory?
    private let file: StateFile?

    /// Memory of `Ledger.memoryBytes`.
    public init(_ memory: consuming SharedMemory) {
        precondition(memory.length == Ledger.memoryBytes)
        self.memory = consume memory
        file = nil
    }

    private init(_ file: consuming StateFile) {
        memory = nil
        self.file = consume file
    }

    /// Lends a part of the content. What cannot be read counts as never written. It may allocate.
    func withBytes<Result>(_ range: Range<Int>, _ body: (Span<UInt8>) -> Result) -> Result {
        switch memory {
        case .some(let memory): return memory.withBytes(range, body)
        case .none:
            let content = content(range)
            return body(content.span)
        }
    }

    private func content(_ range: Range<Int>) -> [UInt8] {
        switch file {
        case .some(let file):
            do throws(SystemError) {
                return try file.content(range)
            } catch {
                return Array(repeating: 0, count: range.count)
            }
        case .none: return Array(repeating: 0, count: range.count)
        }
    }

    /// Replaces the content from an offset on, and says why that was not possible.
    mutating func write(_ bytes: Span<UInt8>, at offset: Int) -> ErrorCode? {
        switch file {
        case .some(let file): return file.write(bytes, at: offset)
        case .none:
            memory?.write(bytes, at: offset)
            return nil
        }
    }

    /// It is a file that somebody has deleted.
    var isDeleted: Bool {
        switch file {
        case .some(let file): file.isDeleted()
        case .none: false
        }
    }
}

/// Files.
extension LedgerStore {
    /// Why a file cannot hold a ledger.
    public enum FileObstacle: Error {
        /// It cannot be opened, has no room, or is no regular file.
        case failed(SystemError)
        /// It holds something else, of so many bytes.
        case foreign(bytes: Int)
    }

    /// Opens a file, made if there is none, for a ledger. Nothing is written to one that holds anything but a ledger.
    ///
    /// Its space is allocated here. A new file is marked, and the mark is on the disk before anything else is written, so that what a
    /// loss of power leaves of later writes is never taken for another program's file.
    public static func file(at path: String) throws(FileObstacle) -> LedgerStore {
        let file = try open(path)
        let foreignBytes: Int?
        do throws(SystemError) {
            foreignBytes = try claim(file)
        } catch {
            throw .failed(error)
        }
        if let foreignBytes { throw .foreign(bytes: foreignBytes) }
        return LedgerStore(file)
    }

    private static func open(_ path: String) throws(FileObstacle) -> StateFile {
        do throws(SystemError) {
            return try StateFile(locking: path)
        } catch {
            throw .failed(error)
        }
    }

    /// Makes a file ready, unless it holds something else.
    ///
    /// - Returns: the size of what it holds else.
    private static func claim(_ file: borrowing StateFile) throws(SystemError) -> Int? {
        let size = try file.size()
        let beginning = try file.content(0..<Ledger.memoryBytes)
        let owner = LedgerOwner(beginning: beginning.span, size: size)
        guard owner != .somebodyElse else { return size }
        try file.allocate(Ledger.memoryBytes)
        if owner == .nobody { try mark(file) }
        return nil
    }

    /// Both places for a copy say from now on whose they are.
    private static func mark(_ file: borrowing StateFile) throws(SystemError) {
        let mark = LedgerImage.mark
        for offset in [0, LedgerImage.longestBytes] {
            if let code = file.write(mark.span, at: offset) { throw SystemError(call: "pwrite", code: code) }
        }
        try file.synchronize()
    }
}
