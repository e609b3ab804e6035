import CSeccomp
import Glibc
import Kernel

/// A seccomp filter under construction: what is not allowed is refused. See seccomp_init(3).
///
/// Calls of another architecture, such as those of 32 bits, always end the process: nothing in it makes any.
@safe
struct SystemCallFilter: ~Copyable {
    /// What happens to a call that is not on the list.
    enum Refusal {
        case failsWithPermissionError
        case killsProcess

        var action: UInt32 {
            switch self {
            case .failsWithPermissionError: SystemCallFilter.fail(EPERM)
            case .killsProcess: UInt32(SCMP_ACT_KILL_PROCESS)
            }
        }
    }

    private let context: scmp_filter_ctx

    init(_ refusal: Refusal) throws(SystemError) {
        guard let context = unsafe seccomp_init(refusal.action) else {
            throw SystemError(call: "seccomp_init", code: ErrorCode(number: ENOMEM))
        }
        unsafe self.context = unsafe context
    }

    deinit {
        unsafe seccomp_release(context)
    }

    /// Allows a call with arguments that meet all of its conditions. Names that this architecture does not have are no calls that
    /// anybody could make.
    func allow(_ call: AllowedCall) throws(SystemError) {
        let comparisons = call.conditions.map { condition in
            scmp_arg_cmp(
                arg: condition.argument, op: SCMP_CMP_MASKED_EQ, datum_a: condition.mask, datum_b: condition.value)
        }
        try add(UInt32(SCMP_ACT_ALLOW), call.name, comparisons)
    }

    /// Lets a call fail as in a kernel that does not have it, so that the C library takes its older way.
    func denyAsMissing(_ name: String) throws(SystemError) {
        try add(SystemCallFilter.fail(ENOSYS), name, [])
    }

    /// Puts the filter in force for this thread and those it starts.
    consuming func load() throws(SystemError) {
        try check("seccomp_load", unsafe seccomp_load(context))
    }

    private func add(_ action: UInt32, _ name: String, _ comparisons: [scmp_arg_cmp]) throws(SystemError) {
        let number = unsafe seccomp_syscall_resolve_name(name)
        // Negative numbers stand for calls of other architectures, and for names that this library does not know.
        guard number >= 0 else { return }
        let result = unsafe comparisons.withUnsafeBufferPointer { array in
            unsafe seccomp_rule_add_array(context, action, number, UInt32(array.count), array.baseAddress)
        }
        try check("seccomp_rule_add_array", result)
    }

    /// SCMP_ACT_ERRNO, a macro that does not import.
    private static func fail(_ number: Int32) -> UInt32 {
        0x0005_0000 | UInt32(number) & 0xFFFF
    }

    /// The library gives negative errno values.
    private func check(_ call: StaticString, _ result: Int32) throws(SystemError) {
        guard result >= 0 else { throw SystemError(call: call, code: ErrorCode(number: -result)) }
    }
}
