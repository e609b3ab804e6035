import CLinux
import Glibc
import Testing

@testable import Kernel

@Suite struct PeerKeyTests {
    @Test func `an IPv4 address is a client, whatever its port`() throws {
        #expect(try key("192.0.2.1", port: 1000) == key("192.0.2.1", port: 2000))
        #expect(try key("192.0.2.1") != key("192.0.2.2"))
        #expect(try key("192.0.2.1") != key("1.2.0.192"))
    }

    @Test func `an IPv6 network of 64 bits is a client: one host can take any address in it`() throws {
        #expect(try key6("2001:db8::1") == key6("2001:db8::ffff:1"))
        #expect(try key6("2001:db8::1", port: 1000) == key6("2001:db8::1", port: 2000))
        #expect(try key6("2001:db8::1") != key6("2001:db8:0:1::1"))
        #expect(try key6("2001:db8::1") != key6("2001:db9::1"))
    }

    @Test func `all of 127.0.0.0/8 is one client: a local user can take any address in it`() throws {
        for text in ["127.0.0.2", "127.0.1.1", "127.255.255.255", "127.0.0.0"] {
            #expect(try key(text) == key("127.0.0.1"))
            #expect(try key6("::ffff:" + text) == key("127.0.0.1"))
        }
        for text in ["126.255.255.255", "128.0.0.0", "1.0.0.127"] { #expect(try key(text) != key("127.0.0.1")) }
        #expect(try key6("::1") != key("127.0.0.1"))
    }

    @Test func `IPv4 clients of a listener for both families are who they are`() throws {
        #expect(try key6("::ffff:192.0.2.1") == key("192.0.2.1", port: 5))
        #expect(try key6("::fffe:192.0.2.1") == key6("::fffe:192.0.2.2"))
        #expect(try key6("::ffff:192.0.2.1") != key6("::ffff:192.0.2.2"))
        #expect(try key6("::ffff:192.0.2.1") != key6("::1"))
    }

    @Test func `a virtual machine is a client, whatever its port`() {
        #expect(vsockKey(3, port: 1000) == vsockKey(3, port: 2000))
        #expect(vsockKey(3) != vsockKey(4))
        #expect(vsockKey(0) != PeerKey(sockaddr_storage()))
    }

    @Test func `the families do not meet`() throws {
        let unix = PeerKey(sockaddr_storage())
        #expect(try key("0.0.0.0") != unix)
        #expect(try key("0.0.0.0") != key6("2001:db8::1"))
        #expect(try key6("2001:db8::1") != unix)
    }

    private func key(_ text: String, port: UInt16 = 0) throws -> PeerKey {
        try withAddress(text, port: port) { PeerKey(storage($0, $1)) }
    }

    private func key6(_ text: String, port: UInt16 = 0) throws -> PeerKey {
        try withIPv6Address(text, port: port) { PeerKey(storage($0, $1)) }
    }

    private func vsockKey(_ context: UInt32, port: UInt32 = 0) -> PeerKey {
        var address = sockaddr_vm()
        address.svm_family = sa_family_t(AF_VSOCK)
        address.svm_cid = context
        address.svm_port = port
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { target in
            withUnsafeBytes(of: address) { target.copyMemory(from: $0) }
        }
        return PeerKey(storage)
    }

    private func storage(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> sockaddr_storage {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
        }
        return storage
    }
}
