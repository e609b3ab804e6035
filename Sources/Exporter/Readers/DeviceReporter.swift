import Log
import Logging

/// Says in the log which devices cannot be read, and which can again: once each time that it changes.
struct DeviceReporter {
    private var reasons: [String: String] = [:]
    private let log: Logger

    init(_ log: Logger) {
        self.log = log
    }

    mutating func note(_ device: String, unreadable reason: String, _ text: String) {
        guard reasons.updateValue(reason, forKey: device) != reason else { return }
        log.report(
            .deviceUnreadable, .warning, "\(device) cannot be read: \(text)", ["device": device, "reason": reason])
    }

    mutating func noteReadable(_ device: String) {
        guard reasons.removeValue(forKey: device) != nil else { return }
        log.report(.deviceReadable, .notice, "\(device) is read again", ["device": device])
    }
}
