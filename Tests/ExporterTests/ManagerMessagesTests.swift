import Systemd
import TestSupport
import Testing

@testable import Exporter
@testable import Kernel

@Suite struct ManagerMessagesTests {
    @Test func `each message ends in a line feed and says what systemd expects`() throws {
        let receiver = try DatagramReceiver()
        var messages = try messages(to: receiver, watchdogSeconds: nil)
        messages.ready(lastScrapeUnixSeconds: nil)
        #expect(receiver.receiveText() == "READY=1\nSTATUS=Measuring things; not scraped yet\n")
        messages.reloading(at: 1_000)
        let reloading = receiver.receiveText() ?? ""
        #expect(reloading.hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        #expect(reloading.hasSuffix("\n"))
        messages.stopping()
        #expect(receiver.receiveText() == "STOPPING=1\nSTATUS=Stopping.\n")
        // A line of its own would be an assignment.
        messages.failing("it cannot\nREADY=1\r\nbe")
        #expect(receiver.receiveText() == "STATUS=Failed: it cannot READY=1 be\n")
    }

    @Test func `the watchdog is fed by ticks, twice as often as it needs`() throws {
        // It was once fed at a third of its time, but only by the next tick after that, which could be near two thirds.
        let receiver = try DatagramReceiver()
        var messages = try messages(to: receiver, watchdogSeconds: 4)
        tick(&messages, lastScrapeUnixSeconds: 3661, at: 100_000_000_000)
        #expect(receiver.receiveText() == "WATCHDOG=1\nSTATUS=Measuring things; last scrape at 01:01:01 UTC\n")
        tick(&messages, lastScrapeUnixSeconds: 3661, at: 101_000_000_000)
        #expect(receiver.receiveText() == nil)
        tick(&messages, lastScrapeUnixSeconds: 3661, at: 101_000_000_001)
        #expect(receiver.receiveText()?.hasPrefix("WATCHDOG=1\n") == true)
    }

    @Test func `with ticks rarer than the watchdog's time, a longer one is asked for`() throws {
        // A service that sampled once a minute under WatchdogSec=30s would be killed for being patient.
        let receiver = try DatagramReceiver()
        var messages = try messages(to: receiver, watchdogSeconds: 30, intervalSeconds: 60)
        messages.ready(lastScrapeUnixSeconds: nil)
        #expect(receiver.receiveText() == "WATCHDOG_USEC=180000000\n")
    }

    @Test func `without a watchdog only the status is renewed`() throws {
        let receiver = try DatagramReceiver()
        var messages = try messages(to: receiver, watchdogSeconds: nil)
        tick(&messages, lastScrapeUnixSeconds: nil, at: 20_000_000_000)
        #expect(receiver.receiveText() == "STATUS=Measuring things; not scraped yet\n")
    }

    /// As the loop does after each tick that sampled.
    private func tick(_ messages: inout ManagerMessages, lastScrapeUnixSeconds: UInt64?, at now: UInt64) {
        if messages.isDue(at: now) { messages.ticked(lastScrapeUnixSeconds: lastScrapeUnixSeconds, at: now) }
    }

    private func messages(
        to receiver: borrowing DatagramReceiver, watchdogSeconds: UInt64?, intervalSeconds: UInt64 = 1
    ) throws -> ManagerMessages {
        let notifier = try Notifier(
            socket: receiver.path, watchdogMicroseconds: watchdogSeconds.map { $0 * 1_000_000 })
        return ManagerMessages(
            notifier, summary: "things", sampleIntervalNanoseconds: intervalSeconds * 1_000_000_000)
    }
}
