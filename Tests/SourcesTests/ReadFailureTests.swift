import Counters
import Kernel
import Testing

@testable import Sources

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
            ReadFailure.allCases.map(\.rawValue) == [
                "driver_error", "unregistered", "garbage", "empty", "asleep", "slow", "stale", "other",
            ])
    }
}
