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
        ] as [(String, SocketAddress)])
    func `an address is read and written alike`(text: String, address: SocketAddress) {
        #expect(SocketAddress(text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", ":", "9091", "127.0.0.1", "127.0.0.1:", "[::1]", "[::1]:", "::1", ":65536", ":-1", ":+1", ": 1", ":1 ",
        ":0x50",
        ":http", ":9091\n", ":\u{661}", " :9091", "localhost:9091", "example.org:80", "127.1:80", "127.0.0.256:80",
        "127.0.0.1.1:80", "127.0.0.01x:80", "::1:9091", "[::1:9091", "::1]:9091", "[]:9091", "[127.0.0.1]:9091",
        "[::g]:9091", "[::1%lo]:9091", "[::1]x:9091", "x[::1]:9091", "unix:/run/x.sock", "127.0.0.1:9091:9091",
    ])
    func `anything else is no address`(text: String) {
        #expect(SocketAddress(text) == nil)
    }
}
