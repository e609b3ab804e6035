import Kernel
import Testing

@Suite struct SocketAddressTests {
    @Test(
        arguments: [
            (":9091", .any(port: 9091)),
            (":0", .any(port: 0)),
            (":65535", .any(port: 65_535)),
            ("127.0.0.1:9091", .ipv4(text: "127.0.0.1", port: 9091)),
            ("0.0.0.0:80", .ipv4(text: "0.0.0.0", port: 80)),
            ("255.255.255.255:1", .ipv4(text: "255.255.255.255", port: 1)),
            ("[::1]:9091", .ipv6(text: "::1", port: 9091)),
            ("[::]:0", .ipv6(text: "::", port: 0)),
            ("[2001:db8::a:1]:9091", .ipv6(text: "2001:db8::a:1", port: 9091)),
            ("[::ffff:192.0.2.1]:9091", .ipv6(text: "::ffff:192.0.2.1", port: 9091)),
            ("unix:/run/pyjoules/metrics.sock", .unix(path: "/run/pyjoules/metrics.sock", mode: nil)),
            ("unix:/a b:c", .unix(path: "/a b:c", mode: nil)),
            ("unix:/x?mode=0660", .unix(path: "/x", mode: 0o660)),
            ("unix:/x?mode=0777", .unix(path: "/x", mode: 0o777)),
            ("unix:/x?mode=0060", .unix(path: "/x", mode: 0o060)),
            ("unix:/" + Self.longestName, .unix(path: "/" + Self.longestName, mode: nil)),
            ("vsock://:9091", .vsock(port: 9091)),
            ("vsock://:0", .vsock(port: 0)),
            ("vsock://:4294967294", .vsock(port: 4_294_967_294)),
        ] as [(String, SocketAddress)])
    func `an address is read and written alike`(text: String, address: SocketAddress) {
        #expect(SocketAddress(text) == address)
        #expect(address.description == text)
    }

    @Test func `localhost is the loopback address of IPv4`() {
        #expect(SocketAddress("localhost:9091") == .ipv4(text: "127.0.0.1", port: 9091))
    }

    @Test func `a mode may have three digits`() {
        #expect(SocketAddress("unix:/x?mode=660") == .unix(path: "/x", mode: 0o660))
    }

    @Test(arguments: [
        "unix:", "unix:x", "unix:./x", "unix:@x", "unix:/", "unix:/run/", "unix:/x?", "unix:/x?mode", "unix:/x?mode=",
        "unix:/x?mode=60", "unix:/x?mode=00660", "unix:/x?mode=0888", "unix:/x?mode=1777", "unix:/x?mode=+660",
        "unix:/x?mode=0660 ", "unix:/x?MODE=0660", "unix:/x?owner=root", "unix:/x?mode=0660&a=b", "unix:/x?mode=0660?",
        "unix:/x\n", "unix:/x\0y", "unix:/" + Self.longestName + "x", "UNIX:/x", " unix:/x", "unix:?mode=0660",
        "vsock://", "vsock://:", "vsock:9091", "vsock:/:9091", "vsock://:4294967295", "vsock://:4294967296",
        "vsock://:-1",
        "vsock://:+1", "vsock://: 1", "vsock://:\u{661}", "vsock://2:9091", "vsock://:9091/", "vsock://:9091:1",
        "VSOCK://:9091",
    ])
    func `what is almost a path or a port of virtual machines is no address`(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test(arguments: [
        "", ":", "9091", "127.0.0.1", "127.0.0.1:", "[::1]", "[::1]:", "::1", ":65536", ":-1", ":+1", ": 1", ":1 ",
        ":0x50",
        ":http", ":9091\n", ":\u{661}", " :9091", "localhost", "example.org:80", "127.1:80", "127.0.0.256:80",
        "127.0.0.1.1:80", "127.0.0.01x:80", "::1:9091", "[::1:9091", "::1]:9091", "[]:9091", "[127.0.0.1]:9091",
        "[::g]:9091", "[::1%lo]:9091", "[::1]x:9091", "x[::1]:9091", "127.0.0.1:9091:9091",
    ])
    func `anything else is no address`(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    /// With the slash in front as long as unix(7) allows.
    private static let longestName = String(repeating: "s", count: 106)
}
