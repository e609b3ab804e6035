import Kernel
import Testing

@testable import Energy

@Suite struct ReadFailureTests {
    @Test(
        arguments: [
            (.invalidArgument, .driverError), (.inputOutput, .driverError), (.noDevice, .unregistered),
            (.permissionDenied, .other), (.operationNotPermitted, .other), (.notFound, .other),
        ] as [(ErrorCode, ReadFailure)])
    func `an errno has its reason`(code: ErrorCode, reason: ReadFailure) {
        #expect(ReadFailure(code) == reason)
    }

    @Test func `reasons are named as the label has them`() {
        #expect(
            ReadFailure.allCases.map(\.rawValue) == ["driver_error", "unregistered", "garbage", "empty", "other"])
    }

    @Test func `each reason has its place in a table`() {
        #expect(ReadFailure.allCases.map(\.index) == Array(0..<5))
    }
}
