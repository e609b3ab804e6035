import Testing

@testable import Kernel

@Suite struct SocketBuffersTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let connections: Int
        let pageBytes: Int
        let memoryBytes: Int
        var testDescription: String { "\(connections) connections, pages of \(pageBytes), \(memoryBytes) bytes" }
    }

    private static let cases = [16, 64, 1024].flatMap { mebibytes in
        [1, 32, 272, 1040].flatMap { connections in
            [0, 500, 20_000, 86_000, 1 << 20, Int.max].map { pageBytes in
                Case(connections: connections, pageBytes: pageBytes, memoryBytes: mebibytes << 20)
            }
        }
    }.filter { $0.connections <= SocketBuffers.mostConnections(memoryBytes: $0.memoryBytes) }

    @Test(arguments: cases)
    func `each direction of all connections holds at most a quarter of the memory`(given: Case) {
        let buffers = buffers(given)
        #expect(given.connections * buffers.heldSendingBytes <= given.memoryBytes / 4)
        #expect(given.connections * buffers.heldReceivingBytes <= given.memoryBytes / 4)
        let others = given.connections - buffers.zeroCopyConnections
        #expect(
            others * buffers.heldSendingBytes + buffers.zeroCopyConnections * buffers.heldZeroCopyBytes
                <= given.memoryBytes / 4)
        #expect(buffers.zeroCopyConnections >= 0 && others >= 0)
    }

    @Test(arguments: cases)
    func `what the kernel is told is never less than it takes`(given: Case) {
        let buffers = buffers(given)
        #expect(buffers.sendBytes >= SocketBuffers.smallest.sendBytes)
        #expect(buffers.receiveBytes >= SocketBuffers.smallest.receiveBytes)
    }

    @Test func `a page of usual length is sent at once, and little more is kept`() {
        let buffers = SocketBuffers(connections: 272, pageBytes: 17_000, memoryBytes: 64 << 20)
        #expect(buffers.sendBytes > 17_000)
        #expect(buffers.sendBytes <= 18_100)
        #expect(buffers.receiveBytes == 8 * 1024)
    }

    @Test func `a usual page is sent without a copy as long as the memory bears it`() {
        func most(_ connections: Int, of pageBytes: Int, in mebibytes: Int) -> Int {
            SocketBuffers(connections: connections, pageBytes: pageBytes, memoryBytes: mebibytes << 20)
                .zeroCopyConnections
        }
        #expect(most(64, of: 13_000, in: 64) == 64)
        #expect(1..<272 ~= most(272, of: 13_000, in: 64))
        #expect(most(272, of: 13_000, in: 256) == 272)
        #expect(most(1040, of: 13_000, in: 64) == 0)
        #expect(SocketBuffers.smallest.zeroCopyConnections == 0)
    }

    @Test func `with more connections less is kept for each`() {
        let few = SocketBuffers(connections: 100, pageBytes: 1 << 20, memoryBytes: 64 << 20)
        let many = SocketBuffers(connections: 1000, pageBytes: 1 << 20, memoryBytes: 64 << 20)
        #expect(many.sendBytes < few.sendBytes)
        #expect(many.receiveBytes < few.receiveBytes)
    }

    @Test
    func
        `so many connections as are allowed are borne by the unit's memory, and a quarter of it bears the usual number`()
    {
        #expect(SocketBuffers.mostConnections(memoryBytes: 64 << 20) >= 1024 + 16)
        #expect(SocketBuffers.mostConnections(memoryBytes: 16 << 20) >= 256 + 16)
        #expect(SocketBuffers.mostConnections(memoryBytes: 1 << 20) < 256)
    }

    private func buffers(_ given: Case) -> SocketBuffers {
        SocketBuffers(connections: given.connections, pageBytes: given.pageBytes, memoryBytes: given.memoryBytes)
    }
}
