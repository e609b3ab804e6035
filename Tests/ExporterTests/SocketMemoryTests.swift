import Kernel
import Serving
import Testing

@testable import Exporter

@Suite struct SocketMemoryTests {
    @Test func `the unit's limit bears every number of connections that is allowed`() {
        for wanted in [1, 256, Serving.mostConnections] {
            let memory = SocketMemory(maximumConnections: wanted, pageBytes: 20_000, memoryBytes: nil)
            #expect(memory.maximumConnections == wanted)
            #expect(memory.warning == nil)
        }
    }

    @Test func `there are as many connections as a limit bears, with those that are told of it`() {
        let memory = SocketMemory(maximumConnections: 256, pageBytes: 20_000, memoryBytes: 4 << 20)
        #expect(memory.maximumConnections < 256)
        #expect(memory.warning?.contains("lowered from 256 to \(memory.maximumConnections)") == true)
        let sockets = Serving.sockets(forConnections: memory.maximumConnections)
        #expect(sockets * (memory.buffers.heldSendingBytes + memory.buffers.heldReceivingBytes) <= 2 << 20)
    }

    @Test func `the smallest limit bears one connection`() {
        #expect(SocketMemory(maximumConnections: 256, pageBytes: 0, memoryBytes: 1).maximumConnections == 1)
    }
}
