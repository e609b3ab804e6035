import TestSupport
import Testing

@testable import Exporter

@Suite struct ConnectionLimitTests {
    @Test(
        arguments: [
            (256, 1024, 20, 256), (256, 324, 20, 256), (256, 323, 20, 255), (256, 100, 20, 32), (256, 69, 20, 1),
            (256, 32, 20, 1),
            (1, 0, 20, 1), (1, UInt64.max, 20, 1), (1024, UInt64.max, 20, 1024),
        ] as [(Int, UInt64, Int, Int)])
    func `as many are served as there are descriptors for, and one always`(
        wanted: Int, limit: UInt64, used: Int, served: Int
    ) {
        #expect(ConnectionLimit.affordable(wanted, descriptorLimit: limit, used: used) == served)
    }

    @Test func `an unknown limit changes nothing`() {
        #expect(ConnectionLimit.affordable(256, descriptorLimit: nil, used: 1000) == 256)
    }

    @Test func `a limit that is enough is not spoken of`() throws {
        let logged = try LogBench()
        var configuration = Configuration()
        configuration.maximumConnections = 1
        ConnectionLimit.lower(&configuration, logged.log)
        #expect(configuration.maximumConnections == 1)
        #expect(logged.lines().isEmpty == true)
    }
}
