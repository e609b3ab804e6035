import Bytes
import Kernel
import Systemd

/// Composes what the service manager is told and decides when it is due, without allocation in the loop.
struct ManagerMessages: ~Copyable {
    private let notifier: Notifier
    /// What is measured, such as `5 domains by powercap every 100 ms`.
    var summary: String
    private var message = ByteBuffer(capacity: 512)
    private let sampleIntervalNanoseconds: UInt64
    /// At most so much time may lie between two messages.
    private let longestSilenceNanoseconds: UInt64
    private var lastNanoseconds: UInt64 = 0

    /// The status text is brought up to date this often where no watchdog asks for more.
    private static let statusNanoseconds: UInt64 = 10_000_000_000

    /// `summary` is what is measured at first.
    init(_ notifier: consuming Notifier, summary: String, sampleIntervalNanoseconds: UInt64) {
        self.summary = summary
        self.sampleIntervalNanoseconds = sampleIntervalNanoseconds
        var silence = ManagerMessages.statusNanoseconds
        if let watchdog = notifier.watchdogNanoseconds {
            // Ticks feed the watchdog, so with rare ticks its time must be longer than the unit says: three of them.
            let needed = max(watchdog, sampleIntervalNanoseconds * 3)
            if needed > watchdog {
                message.append("WATCHDOG_USEC=")
                message.append(decimal: needed / 1000)
                message.append("\n")
                message.withBytes { notifier.send($0) }
            }
            // Twice as often as needed, as sd_watchdog_enabled(3) advises.
            silence = min(silence, needed / 2)
        }
        longestSilenceNanoseconds = silence
        self.notifier = notifier
    }

    mutating func ready(lastScrapeUnixSeconds: UInt64?) {
        send("READY=1\n", lastScrapeUnixSeconds)
    }

    mutating func reloading(at now: UInt64) {
        message.removeAll()
        message.append("RELOADING=1\nMONOTONIC_USEC=")
        message.append(decimal: now / 1000)
        message.append("\n")
        message.withBytes { notifier.send($0) }
    }

    mutating func stopping() {
        message.removeAll()
        message.append("STOPPING=1\nSTATUS=Stopping.\n")
        message.withBytes { notifier.send($0) }
    }

    /// Says why the program ends: `systemctl status` shows it until the next start.
    func failing(_ reason: String) { ManagerMessages.send(failure: reason, notifier) }

    /// The same before there is anything else to tell.
    static func tell(failure reason: String) {
        do throws(SystemError) {
            send(failure: reason, try Notifier())
        } catch {
            // Without a manager it is in the log, as all is.
            return
        }
    }

    private static func send(failure reason: String, _ notifier: borrowing Notifier) {
        let line = reason.split(whereSeparator: \.isNewline).joined(separator: " ")
        notifier.send(Array("STATUS=Failed: \(line)\n".utf8).span)
    }

    /// Whether somebody listens to whom the next tick would come too late; to be asked by every tick that sampled.
    func isDue(at now: UInt64) -> Bool {
        notifier.isConnected && now + sampleIntervalNanoseconds > lastNanoseconds + longestSilenceNanoseconds
    }

    /// Feeds the watchdog and renews the status; to be called by a tick that sampled, if that is due.
    mutating func ticked(lastScrapeUnixSeconds: UInt64?, at now: UInt64) {
        lastNanoseconds = now
        send(notifier.watchdogNanoseconds == nil ? "" : "WATCHDOG=1\n", lastScrapeUnixSeconds)
    }

    private mutating func send(_ assignment: StaticString, _ lastScrapeUnixSeconds: UInt64?) {
        message.removeAll()
        message.append(assignment)
        message.append("STATUS=Measuring ")
        message.append(summary)
        if let lastScrapeUnixSeconds {
            message.append("; last scrape at ")
            message.append(clockTime: CivilTime(unixSeconds: lastScrapeUnixSeconds))
            message.append(" UTC")
        } else {
            message.append("; not scraped yet")
        }
        message.append("\n")
        message.withBytes { notifier.send($0) }
    }
}
