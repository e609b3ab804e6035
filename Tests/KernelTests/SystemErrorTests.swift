import Kernel
import Testing

@Suite struct SystemErrorTests {
    @Test func `an error names the call and what was wrong`() {
        let error = SystemError(call: "epoll_wait", code: .invalidArgument)
        #expect("\(error)" == "epoll_wait: Invalid argument")
    }
}
