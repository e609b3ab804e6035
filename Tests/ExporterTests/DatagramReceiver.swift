import Glibc

@testable import Kernel

/// A unix datagram socket at a path of its own, as systemd and journald have.
struct DatagramReceiver: ~Copyable {
    /// A name in the abstract namespace, which leaves no file behind.
    let path: String
    private let descriptor: FileDescriptor

    init() throws {
        let descriptor = FileDescriptor(inherited: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
        let name = "pyjoules-\(getpid())-\(Clock.monotonicNanoseconds())"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.dropFirst().copyBytes(from: name.utf8) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor.number, $0, size) }
        }
        guard result == 0 else { throw SystemError(call: "bind", code: ErrorCode(number: errno)) }
        path = "@" + name
        self.descriptor = descriptor
    }

    /// The next message; empty if there is none.
    func receive() -> String {
        var message: [UInt8] = []
        message.append(addingCapacity: 65_536) { output in _ = descriptor.receive(into: &output) }
        return String(decoding: message, as: UTF8.self)
    }
}

extension Slice<UnsafeMutableRawBufferPointer> {
    fileprivate func copyBytes(from bytes: String.UTF8View) {
        UnsafeMutableRawBufferPointer(rebasing: self).copyBytes(from: bytes)
    }
}
