import Bytes
import Testing

@testable import Exporter

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

@Suite struct ProcessStatisticsTests {
    @Test func `the fields are counted from the last parenthesis of the name`() throws {
        let line = "42 (a) b (c)) S 1 2 3 4 -1 6 7 8 9 10 150 50 13 14 20 0 3 0 777 4096000 25 18446744073709551615 1\n"
        let bytes = Array(line.utf8)
        let parsed = ProcessStatistics(bytes.span, ticksPerSecond: 100, pageBytes: 4096)
        let statistics = try #require(parsed)
        #expect(statistics.cpuMicroseconds == 2_000_000)
        #expect(statistics.threads == 3)
        #expect(statistics.startTicks == 777)
        #expect(statistics.virtualBytes == 4_096_000)
        #expect(statistics.residentBytes == 25 * 4096)
    }

    @Test(arguments: ["", "42", "42 (name", "42 (name) S 1 2 3"])
    func `a line that is cut is none`(line: String) {
        let bytes = Array(line.utf8)
        #expect(ProcessStatistics(bytes.span, ticksPerSecond: 100, pageBytes: 4096) == nil)
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
