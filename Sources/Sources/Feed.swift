public import Kernel

/// What became of a feed when it was looked at last.
public enum FeedCondition: Equatable, Sendable {
    /// It is understood.
    case good
    /// It is not there any more.
    case gone
    /// It is no text that can be believed.
    case garbage(FeedFault)
    /// It cannot be read.
    case unreadable(ErrorCode)
}

/// One feed: its file, and what that held when it was looked at last.
struct Feed: Sendable {
    /// What tells one publication from the next without reading it.
    private struct Stamp: Equatable {
        let inode: UInt64
        let modifiedNanoseconds: UInt64
        let size: Int
    }

    /// The file's name without what all have at its end.
    let name: String
    let file: StoredPath
    /// The directory lists it.
    var isListed = true
    private(set) var text: [UInt8] = []
    private(set) var content = FeedContent()
    var condition = FeedCondition.gone
    /// Grows with each publication that was read.
    private(set) var publication: UInt64 = 0
    /// When the publication was written, on the monotonic clock, as far as is known.
    private(set) var writtenNanoseconds: UInt64 = 0
    private var stamp: Stamp?
    private var lookedNanoseconds: UInt64 = 0

    static let suffix = ".feed"

    init(named name: String) {
        self.name = name
        file = StoredPath(name + Feed.suffix)
    }

    /// Looks at its file: one open, fstat and close, and a read where it is another than before.
    ///
    /// - Parameters:
    ///   - now: the moment on the monotonic clock.
    ///   - real: the same on the wall clock.
    mutating func look(in directory: borrowing OpenDirectory, at now: UInt64, real: UInt64) {
        defer { lookedNanoseconds = now }
        do throws(SystemError) {
            let descriptor = try directory.open(reading: file)
            let status = try FileStatus(of: descriptor)
            guard status.isRegular else { return fail(.notRegularFile) }
            let stamp = Stamp(
                inode: status.inode, modifiedNanoseconds: status.modifiedNanoseconds, size: status.size)
            guard stamp != self.stamp else { return }
            self.stamp = nil
            guard read(descriptor, status.size) else { return }
            self.stamp = stamp
            date(status.modifiedNanoseconds, at: now, real: real)
        } catch {
            if error.code == .notFound { leave() } else { fail(error.code) }
        }
    }

    /// Reads and understands what is open.
    ///
    /// - Returns: whether it could be read.
    private mutating func read(_ descriptor: borrowing FileDescriptor, _ size: Int) -> Bool {
        publication += 1
        text.removeAll(keepingCapacity: true)
        guard size <= FeedContent.mostBytes else {
            condition = .garbage(FeedFault(.tooLong, line: 0))
            return true
        }
        var outcome = ReadOutcome.bytes(0)
        // One byte more than it may have, so that one that grows meanwhile is seen.
        text.append(addingCapacity: min(size, FeedContent.mostBytes) + 1) { output in
            outcome = descriptor.read(at: 0, into: &output)
        }
        if case .failed(let code) = outcome {
            fail(code)
            return false
        }
        condition = Feed.understand(text, &content)
        return true
    }

    private static func understand(_ text: [UInt8], _ content: inout FeedContent) -> FeedCondition {
        do throws(FeedFault) {
            try content.parse(text.span)
            return .good
        } catch {
            return .garbage(error)
        }
    }

    /// The wall clock may be set at any time: what it says is believed only between this look and the one before.
    private mutating func date(_ modified: UInt64, at now: UInt64, real: UInt64) {
        let age = real - min(real, modified)
        let said = now - min(now, age)
        writtenNanoseconds = publication > 1 ? max(said, lookedNanoseconds) : said
    }

    /// What is in it is not believed.
    mutating func refuse(_ fault: FeedFault) { condition = .garbage(fault) }

    private mutating func fail(_ code: ErrorCode) {
        condition = .unreadable(code)
        stamp = nil
    }

    /// It is not there any more.
    mutating func leave() {
        condition = .gone
        stamp = nil
    }

    /// When a device was read, on the monotonic clock.
    func readNanoseconds(_ entry: FeedEntry) -> UInt64 { entry.atNanoseconds ?? writtenNanoseconds }

    /// Nobody has published a device for so long that what is shown says nothing of now.
    func isStale(_ entry: FeedEntry, at now: UInt64) -> Bool {
        now - min(now, readNanoseconds(entry)) > content.patience(entry)
    }

    /// Calls the closure with each sample that is new to a counter, in microwatts.
    func forEachSample(_ counter: FeedCounter, _ body: (UInt64) -> Void) {
        guard counter.entry < content.entries.count, let samples = content.entries[counter.entry].samples else {
            return
        }
        var rest = samples.count
        FeedSamples.forEach(in: text.span, samples.watts) { microwatts in
            if let microwatts, rest <= counter.newSamples, microwatts <= counter.boundMicrowatts { body(microwatts) }
            rest -= 1
        }
    }

    /// The text of a value, without the backslashes before quotes.
    func string(_ value: FeedText) -> String {
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in text[value.range] {
            let escapes = byte == UInt8(ascii: "\\") && !isEscaped
            if !escapes { bytes.append(byte) }
            isEscaped = escapes
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
