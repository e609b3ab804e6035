import CLinux
import Glibc
import TestSupport
import Testing

@testable import Kernel

/// Of a range that is nobody's, and another for each run.
private let vsockPort = 1_000_000 + UInt32(Process.identifier)

private let hasVsock: Bool = {
    do {
        _ = try Listener(on: .vsock(port: vsockPort))
        return true
    } catch {
        return false
    }
}()

@Suite(.enabled(if: hasVsock, "this kernel has no vsock"))
struct VsockListenerTests {
    @Test func `it is named by its port, and a port in use is an error`() throws {
        let listener = try Listener(on: .vsock(port: vsockPort))
        #expect(listener.name == "vsock://:\(vsockPort)")
        #expect {
            _ = try Listener(on: .vsock(port: vsockPort))
        } throws: { error in
            (error as? SystemError)?.code == .addressInUse
        }
        #expect(isWouldBlock(listener.accept()) == true)
    }

    @Test func `a listening socket is adopted`() throws {
        let number = try checked("socket", socket(AF_VSOCK, Int32(SOCK_STREAM.rawValue), 0))
        let inherited = FileDescriptor(inherited: number)
        try inherited.bind(to: address(context: UInt32.max))
        try checked("listen", listen(number, 8))
        switch try Listener.adopt(inherited) {
        case .refused(let reason): Issue.record("refused: \(reason)")
        case .listener(let listener):
            #expect(listener.name == "vsock://:\(vsockPort)")
            #expect(isWouldBlock(listener.accept()) == true)
        }
    }

    /// The module makes context 1 lead back here.
    @Test(
        .enabled(
            if: access("/sys/module/vsock_loopback", F_OK) == 0, "the kernel's module vsock_loopback is not loaded"))
    func `a client is accepted`() throws {
        let listener = try Listener(on: .vsock(port: vsockPort))
        let number = try checked("socket", socket(AF_VSOCK, Int32(SOCK_STREAM.rawValue), 0))
        let client = FileDescriptor(inherited: number)
        _ = try client.connect(to: address(context: 1)).orThrow("connect")
        let accepted = try acceptWhenReady(listener)
        #expect(send("hello", over: client) == .bytes(5))
        #expect(try receiveWhenReady(over: accepted.socket) == (.bytes(5), "hello"))
    }

    private func address(context: UInt32) -> sockaddr_vm {
        var address = sockaddr_vm()
        address.svm_family = sa_family_t(AF_VSOCK)
        address.svm_cid = context
        address.svm_port = vsockPort
        return address
    }

    private func isWouldBlock(_ outcome: consuming AcceptOutcome) -> Bool {
        switch outcome {
        case .wouldBlock: true
        default: false
        }
    }
}
