import Publishing
import Sandbox

/// Which command of the driver is allowed in the sandbox.
///
/// It is one for all readings: `_IOWR('F', 0x2A, 32 bytes)`, NV_ESC_RM_CONTROL of NVIDIA's open kernel modules. Should a driver take
/// another, the feed says so, and the next start, which finds it there, allows any.
struct NvidiaCommand {
    static let number: UInt32 = 0xC020_462A
    static let usual = "0x\(String(number, radix: 16))"
    private static let remark = (key: "ioctl", text: "any")

    private var isAny: Bool
    /// Others than the allowed are refused.
    var isFenced = false

    /// As the remarks of the last feed say.
    init(remarks: [String]) {
        isAny = remarks.contains("\(NvidiaCommand.remark.key)=\(NvidiaCommand.remark.text)")
    }

    var allowed: DeviceCommands { isAny ? .any : .one(NvidiaCommand.number) }

    /// Has the next start allow any command. False if this one does already, or no command is refused.
    mutating func loosen() -> Bool {
        guard isFenced, !isAny else { return false }
        isAny = true
        return true
    }

    func remark(in feed: inout FeedWriter) {
        if isAny { feed.addRemark(NvidiaCommand.remark.key, NvidiaCommand.remark.text) }
    }
}
