import Accounts
import Bytes
import Counters
import Kernel
import Sampling

/// A line on the terminal that says how far a measurement is, rewritten once a second, for those that take longer than two.
///
/// The cursor stays at the beginning of the line, so that what the command prints overwrites the line instead of following it.
struct Progress: ~Copyable {
    private static let patienceNanoseconds: UInt64 = 2_000_000_000
    private static let periodNanoseconds: UInt64 = 1_000_000_000
    /// A line that wraps could not be rewritten; terminals are seldom narrower.
    private static let width = 79
    private static let eraseToEnd = "\u{1B}[K"

    /// Nil where nobody looks.
    private let writer: LineWriter?
    private var activity = ""
    private var startNanoseconds: UInt64 = 0
    private var nextNanoseconds: UInt64 = 0
    private var isShown = false

    private init(writer: consuming LineWriter?) {
        self.writer = writer
    }

    /// Shows itself on standard error, if that is a terminal and the report goes to the terminal too: otherwise somebody
    /// keeps what is written, and wants nothing but that.
    static func beside(_ output: borrowing ReportOutput) -> Progress {
        do throws(SystemError) {
            if output.isTerminal, try TextWriter.standardError().isTerminal {
                return Progress(writer: try LineWriter.standardError())
            }
        } catch {
            // Standard error is closed.
        }
        return Progress(writer: nil)
    }

    mutating func begin(_ activity: String, _ startNanoseconds: UInt64) {
        self.activity = activity
        self.startNanoseconds = startNanoseconds
        nextNanoseconds = startNanoseconds + Progress.patienceNanoseconds
    }

    /// Writes the line if it is time for it.
    mutating func show(_ sampling: borrowing Sampling) {
        let now = sampling.lastPassNanoseconds
        guard now >= nextNanoseconds else { return }
        nextNanoseconds = now + Progress.periodNanoseconds
        let line = Progress.line(activity, seconds: (now - startNanoseconds) / 1_000_000_000, sampling)
        write(line + Progress.eraseToEnd + "\r")
        isShown = true
    }

    /// Takes the line away, so that something else can be written there.
    mutating func clear() {
        guard isShown else { return }
        write(Progress.eraseToEnd)
        isShown = false
    }

    /// `running: 12 s, package_0 41.2 W, dram_0 3.1 W`
    static func line(_ activity: String, seconds: UInt64, _ sampling: borrowing Sampling) -> String {
        var line = "\(activity): \(seconds) s"
        for account in sampling.accounts {
            guard let power = account.powerMicrowatts else { continue }
            let part = ", \(account.domain.tag) \(decimal(power, digits: 6, shown: 1)) W"
            if line.utf8.count + part.utf8.count > width { break }
            line += part
        }
        return line
    }

    private func write(_ text: String) {
        switch writer {
        // What the terminal does not take at once is not worth waiting for.
        case .some(let writer): _ = writer.write(Array(text.utf8).span)
        case .none: break
        }
    }
}
