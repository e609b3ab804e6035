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
        ("/", Route.landing), ("/m", .metrics), ("/metrics", .unknown), ("/-/healthy", .healthy), ("/-/ready", .ready),
        ("/-/", .unknown), ("", .unknown), ("/M", .unknown), ("//", .unknown),
    ])
    func `a path leads where it says`(path: String, route: Route) {
        let bytes = Array(path.utf8)
        #expect(Routes(telemetryPath: "/m").route(bytes.span) == route)
    }
}
