import Kernel
import Testing

struct FailureBudgetTests {
    private let failure = SystemError(call: "epoll_wait", code: .inputOutput)

    @Test func `failures that pass are passed over, however many there are`() throws {
        var budget = FailureBudget()
        for _ in 0..<10 {
            for _ in 0..<FailureBudget.most { try budget.spend(failure) }
            budget.restore()
        }
    }

    @Test func `one that stays is thrown`() throws {
        var budget = FailureBudget()
        for _ in 0..<FailureBudget.most { try budget.spend(failure) }
        #expect(throws: SystemError.self) { try budget.spend(failure) }
    }
}
