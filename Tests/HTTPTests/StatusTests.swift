import HTTP
import Testing

@Suite struct StatusTests {
    @Test(arguments: Status.allCases)
    func `the status line begins with the code and names a reason`(status: Status) {
        let line = "\(status.line)"
        #expect(line.hasPrefix("\(status.rawValue) "))
        #expect(line.utf8.count > 4)
        #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    }

    @Test(arguments: Status.allCases)
    func `every status is explained in one sentence`(status: Status) {
        let explanation = "\(status.explanation)"
        #expect(explanation.hasSuffix("."))
        #expect(explanation.contains("\n") == false)
    }
}
