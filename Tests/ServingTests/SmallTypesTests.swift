import Bytes
import Testing

@testable import Serving

@Suite struct TokenTests {
    @Test(arguments: [(0, UInt32(0)), (1, 1), (0xFF_FFFF, UInt32.max), (255, 0x8000_0000)])
    func `a token survives the way through epoll`(slot: Int, generation: UInt32) {
        let token = Token(.connection, slot: slot, generation: generation)
        #expect(Token(word: token.word) == token)
    }

    @Test func `a word of an unknown kind is no token`() {
        #expect(Token(word: UInt64(200) << 56) == nil)
    }
}

@Suite struct BufferPoolTests {
    @Test func `a buffer that was given back comes again, empty`() {
        var pool = BufferPool(bufferCapacity: 8)
        var buffer = pool.take()
        buffer.append("12345678 does not fit")
        pool.giveBack(buffer)
        let again = pool.take()
        #expect(again.count == 0)
        #expect(again.capacity == 8)
    }
}

@Suite struct RouteTests {
    @Test(arguments: [
        ("/", Route.page), ("/m", .metrics), ("/metrics", .unknown), ("/-/healthy", .healthy), ("/-/ready", .ready),
        ("/j", .json), ("/s", .stream), ("/j/", .unknown), ("/-/", .unknown), ("", .unknown), ("/M", .unknown),
        ("/m/", .unknown),
        ("*", .unknown), ("m", .unknown),
    ])
    func `a path leads where it says`(path: String, route: Route) {
        #expect(place(path) == .here(route))
    }

    /// RFC 3986 section 6.2.2.2: with unreserved characters in escapes it is the same path.
    @Test(arguments: [
        ("/%6D", Route.metrics), ("/%6d", .metrics), ("/%2D/h%65althy", .healthy), ("/-%2Fready", .unknown),
        ("%2F", .unknown), ("/%6", .unknown), ("/%", .unknown), ("/%zz", .unknown), ("/%25%36D", .unknown),
        ("/m%20", .unknown),
    ])
    func `a path may spell letters as escapes`(path: String, route: Route) {
        #expect(place(path) == .here(route))
    }

    @Test(arguments: [
        ("//", Route.page), ("//m", .metrics), ("///m", .metrics), ("/./m", .metrics), ("/a/../m", .metrics),
        ("/../m", .metrics),
        ("/m/.", .unknown), ("/m/..", .page), ("/.", .page), ("/..", .page), ("/-//ready", .ready), ("//j", .json),
        ("/%2E%2e/%6D", .metrics), ("/a/b/../../m", .metrics), ("/a//../m", .metrics), ("//m/", .unknown),
        ("//nothing", .unknown),
        ("/.m", .unknown), ("/...", .unknown), ("//" + String(repeating: "a", count: 300), .unknown),
        (String(repeating: "/", count: 8000) + "m", .metrics),
    ])
    func `a path with empty or dotted segments leads elsewhere, or nowhere`(path: String, route: Route) {
        #expect(place(path) == (route == .unknown ? .here(.unknown) : .elsewhere(route)))
    }

    private func place(_ path: String) -> Routes.Place {
        let bytes = Array(path.utf8)
        return Routes(ServicePaths(telemetry: "/m", json: "/j", stream: "/s", servesStream: true)).place(bytes.span)
    }
}
