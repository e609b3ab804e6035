import Kernel
import Testing

@Suite struct ErrorCodeTests {
    @Test(
        arguments: [
            (.notFound, "No such file or directory"),
            (.permissionDenied, "Permission denied"),
            (.operationNotPermitted, "Operation not permitted"),
            (.invalidArgument, "Invalid argument"),
            (.noDevice, "No such device"),
            (.inputOutput, "Input/output error"),
            (.addressInUse, "Address already in use"),
            (.addressFamilyNotSupported, "Address family not supported by protocol"),
        ] as [(ErrorCode, String)])
    func `a code has the C library's text`(code: ErrorCode, text: String) {
        #expect(code.description == text)
    }

    @Test(arguments: [9999, -1] as [Int32])
    func `a number without a text is told as it is`(number: Int32) {
        #expect(ErrorCode(number: number).description == "error \(number)")
    }
}
