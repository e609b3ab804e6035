import HTTP
import TestSupport
import Testing

@Suite struct RequestParserTests {
    /// A request line of a method alone, such as `GET` CR LF in one segment, once ended the whole process: the target's range began
    /// behind the line's end.
    @Test(arguments: ["GET\r\n", "GET\r\nHost: x\r\n\r\n", "X\r\n", "\r\n\r\n", "\r\nGET\r\n"])
    func `a request line without a target is malformed`(text: String) throws {
        #expect(try readEveryWay(Array(text.utf8)) == .malformed(.badRequest))
    }
}
