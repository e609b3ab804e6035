import Glibc
import Kernel
import TestSupport
import Testing

@Suite struct ProcessTests {
    @Test func `a variable of the environment is found until it is removed`() {
        #expect(Process.environment("PYJOULES_TEST_VARIABLE") == nil)
        setenv("PYJOULES_TEST_VARIABLE", "", 1)
        #expect(Process.environment("PYJOULES_TEST_VARIABLE") == "")
        setenv("PYJOULES_TEST_VARIABLE", "a=b", 1)
        #expect(Process.environment("PYJOULES_TEST_VARIABLE") == "a=b")
        unsetenv("PYJOULES_TEST_VARIABLE")
        #expect(Process.environment("PYJOULES_TEST_VARIABLE") == nil)
    }

    @Test func `the limit of descriptors is the one that is set`() throws {
        let limit = try #require(Process.descriptorLimit)
        try #require(limit > 100)
        try setDescriptorLimit(limit - 1)
        #expect(Process.descriptorLimit == limit - 1)
        try setDescriptorLimit(limit)
        #expect(Process.descriptorLimit == limit)
    }

    @Test func `the facts are the C library's`() {
        #expect(Process.identifier == Int(getpid()))
        #expect(Process.pageBytes == UInt64(getpagesize()))
        #expect(Process.clockTicksPerSecond == 100, "USER_HZ, which Linux shows to programs everywhere")
    }
}
