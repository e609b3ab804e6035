import CSystemd
public import Kernel

/// The descriptors that systemd, or whoever acts like it, says it has passed to this process: sockets, and what the fd store kept.
/// See sd_listen_fds(3).
///
/// To be taken before anything is opened: a number that was announced and is not there would be given to the next file that is
/// opened, such as the log, which then had two owners.
public struct InheritedDescriptors: ~Copyable {
    /// More are not taken: a service listens on few sockets, and variables that somebody else left behind may say any number.
    public static let capacity = 32

    private var slots = InlineArray<32, FileDescriptor?> { _ in nil }
    private var names: [String] = []
    /// What is wrong with the announcement, each in words for the log; empty if nothing is.
    public private(set) var complaints: [String] = []

    /// Takes what the environment announces, once: the variables are removed, so that no program that is executed from here
    /// believes them. There is nothing to take without `LISTEN_FDS`, or if `LISTEN_PID` is another process.
    public init() {
        let announced = Process.environment("LISTEN_FDS") ?? ""
        let named = Process.environment("LISTEN_FDNAMES") ?? ""
        let isMeant = Process.environment("LISTEN_PID").flatMap { Int($0) } == Process.identifier
        let count = sd_listen_fds(1)
        guard isMeant, count != 0 else { return }
        // It gives an error for a number that is not there, too, and then there may be others.
        guard let promised = Int(announced), promised > 0 else {
            complaints = ["LISTEN_FDS=\(announced) is no number of descriptors, so none are taken"]
            return
        }
        take(
            promised, named.split(separator: ":", omittingEmptySubsequences: false).map(String.init),
            SD_LISTEN_FDS_START)
    }

    /// Takes so many descriptors from the first number on, under these names as far as they go.
    init(_ promised: Int, names: [String], first: Int32) {
        take(promised, names, first)
    }

    private mutating func take(_ promised: Int, _ names: [String], _ first: Int32) {
        var missing: [Int32] = []
        for offset in 0..<min(promised, InheritedDescriptors.capacity) {
            let number = first + Int32(offset)
            guard let descriptor = FileDescriptor(announced: number) else {
                missing.append(number)
                self.names.append("")
                continue
            }
            slots[offset] = consume descriptor
            self.names.append(offset < names.count && !names[offset].isEmpty ? names[offset] : "unknown")
        }
        if !missing.isEmpty {
            let numbers = missing.map(String.init).joined(separator: ", ")
            complaints.append(
                "LISTEN_FDS=\(promised) announces descriptors that are not there (\(numbers)): "
                    + "whoever started the exporter did not pass them, or meant another process")
        }
        if promised > InheritedDescriptors.capacity {
            complaints.append(
                "LISTEN_FDS=\(promised) announces more than \(InheritedDescriptors.capacity) descriptors, and the others are not taken"
            )
        }
    }

    /// Hands over each descriptor with its name.
    public consuming func handOver<Failure: Error>(
        _ body: (String, consuming FileDescriptor) throws(Failure) -> Void
    ) throws(Failure) {
        for offset in names.indices {
            guard let descriptor = slots[offset].take() else { continue }
            try body(names[offset], descriptor)
        }
    }
}
