internal import Bytes
public import Kernel

/// Publishes a feed: a text file that says what was read, put in the place of the one before; see docs/feeds.md.
///
/// A publication is begun, gets its lines, and is published. A line for which there is no room is left out, so what matters most goes
/// first. Nothing is allocated for it.
public struct FeedWriter: ~Copyable {
    /// What a reader of feeds takes at most.
    private static let longestBytes = 65_536
    private static let last: StaticString = "end\n"

    private let directory: ReplacingDirectory
    private let name: String
    private let file: String
    private let temporary: String
    /// Keeps others from publishing under the same name.
    private let lock: StateFile
    /// The remarks of the feed that was there before, `key=text`.
    public let formerRemarks: [String]
    private var page = ByteBuffer(capacity: FeedWriter.longestBytes)
    private var line = FeedLine()

    /// Opens the directory, and takes a feed's name in it for as long as this exists. While somebody else has it, the error has the code
    /// `.wouldBlock`.
    public init(in path: String, name: String) throws(SystemError) {
        let opened = try ReplacingDirectory(path)
        lock = try StateFile(locking: "\(path)/.\(name).lock")
        formerRemarks = FeedWriter.remarks(of: "\(path)/\(name).feed")
        directory = opened
        self.name = name
        file = "\(name).feed"
        temporary = ".\(name).feed.tmp"
    }

    /// Begins a publication. After three such periods without another one, what it says counts as stale.
    public mutating func begin(periodNanoseconds: UInt64) {
        page.removeAll()
        page.append("pyjoules-feed 1\n")
        line.begin("reader")
        line.append("name", text: name)
        line.append("period", periodNanoseconds, digits: 9)
        endLine()
    }

    /// A remark for people and for the next start, `# key=text`: no reader of feeds looks at it.
    public mutating func addRemark(_ key: String, _ text: String) {
        line.begin("#")
        line.append(key, text: text)
        endLine()
    }

    /// What a counter showed, in units of so many microjoules, and when.
    public mutating func addCounter(
        _ device: FeedDevice, raw: UInt64, unitMicrojoules: UInt64, at moment: FeedMoment
    ) {
        line.begin("counter")
        append(device)
        line.append("unit", number: unitMicrojoules)
        line.append("raw", number: raw)
        append(moment)
        appendFacts(device)
        endLine()
    }

    /// The power that was read, of which whoever reads the feed makes energy.
    public mutating func addPower(_ device: FeedDevice, microwatts: UInt64, at moment: FeedMoment) {
        line.begin("power")
        append(device)
        line.append("watts", microwatts, digits: 6)
        append(moment)
        appendFacts(device)
        endLine()
    }

    /// How the power of a counter's device went; behind its counter.
    public mutating func addSamples(_ device: FeedDevice, _ samples: FeedSamples) {
        line.begin("samples")
        line.append("id", text: device.identity)
        line.append("every", samples.everyNanoseconds, digits: 9)
        line.append("until", samples.untilNanoseconds, digits: 9)
        line.append("watts", samples.milliwatts, digits: 3)
        endLine()
    }

    /// A device that is there and cannot be read, and why, in words of at most 200 bytes.
    public mutating func addUnreadable(_ device: FeedDevice, _ reason: FeedReason, _ text: String) {
        line.begin("unreadable")
        append(device)
        line.append("reason", text: reason.rawValue)
        line.append("text", text: FeedWriter.shortened(text))
        endLine()
    }

    /// Puts the publication in the place of the one before.
    public mutating func publish() throws(SystemError) {
        page.append(FeedWriter.last)
        try page.withBytes { (bytes) throws(SystemError) in
            try directory.replace(file, writing: bytes, as: temporary)
        }
    }

    /// Takes the feed away: its devices are not measured any more, in order.
    public func withdraw() {
        directory.remove(file)
    }

    private static func remarks(of file: String) -> [String] {
        do throws(SystemError) {
            let text = String(decoding: try Files.read(file, limit: longestBytes), as: UTF8.self)
            return text.split(separator: "\n").filter { $0.hasPrefix("# ") }.map { String($0.dropFirst(2)) }
        } catch {
            return []
        }
    }

    private static let longestText = 200

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > longestText else { return text }
        var short = text
        while short.utf8.count > longestText { short.removeLast() }
        return short
    }

    /// Lends the directory to what decides which files may be written.
    public func withDirectory(_ body: (borrowing ReplacingDirectory) -> Void) {
        body(directory)
    }

    private mutating func append(_ device: FeedDevice) {
        line.append("id", text: device.identity)
        line.append("domain", text: device.domain)
        line.append("kind", text: device.kind.rawValue)
    }

    private mutating func append(_ moment: FeedMoment) {
        line.append("at", moment.nanoseconds, digits: 9)
        line.append("spread", moment.spreadNanoseconds, digits: 9)
    }

    private mutating func appendFacts(_ device: FeedDevice) {
        if let update = device.updateNanoseconds { line.append("update", update, digits: 9) }
        if let bound = device.boundMicrowatts { line.append("bound", bound, digits: 6) }
        for label in device.labels { line.append(label.name, text: label.text) }
    }

    /// Takes a line over if it is whole, and there is room for it and for the last.
    private mutating func endLine() {
        guard !line.bytes.overflowed else { return }
        guard line.bytes.count + 1 + FeedWriter.last.utf8CodeUnitCount <= page.freeCount else { return }
        line.bytes.withBytes { bytes in page.append(bytes) }
        page.append(UInt8(ascii: "\n"))
    }
}
