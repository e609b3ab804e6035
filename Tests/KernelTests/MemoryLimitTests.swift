import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct MemoryLimitTests {
    /// The limits of a tree of cgroups, what the process is in, and what holds for it.
    @Test(
        arguments: [
            (["/a/b": "1000\n"], "0::/a/b\n", 1000),
            (["/a/b": "max\n"], "0::/a/b\n", nil),
            (["/a/b": "max\n", "/a": "500\n"], "0::/a/b\n", 500),
            (["/a/b": "1000\n", "/a": "500\n"], "0::/a/b\n", 500),
            (["/a/b": "400\n", "/a": "500\n"], "0::/a/b\n", 400),
            (["/a/b": "1000\n"], "0::/\n", nil),
            (["/": "67108864\n"], "0::/\n", 67_108_864),
            (["/a/b": "1000\n"], "9:name=systemd:/a/b\n0::/a/b\n", 1000),
            (["/a/b": "1000\n"], "4:memory:/a/b\n", nil),
            (["/a/b": "1000\n"], "", nil),
            (["/a/b": "0\n"], "0::/a/b\n", nil),
            (["/a/b": "-5\n"], "0::/a/b\n", nil),
            (["/a/b": "99999999999999999999\n"], "0::/a/b\n", nil),
            (["/a/b": "many\n"], "0::/a/b\n", nil),
            (["/a/b": ""], "0::nonsense\n", nil),
        ] as [([String: String], String, Int?)])
    func `the lowest of the groups' limits holds`(limits: [String: String], own: String, expected: Int?) throws {
        try withTemporaryDirectory { root in
            for directory in ["/proc", "/proc/self", "/cgroup", "/cgroup/a", "/cgroup/a/b"] {
                try checked("mkdir", mkdir(root + directory, 0o755))
            }
            try writeFile(root + "/proc/self/cgroup", own)
            for (group, limit) in limits { try writeFile("\(root)/cgroup\(group)/memory.max", limit) }
            #expect(MemoryLimit.bytes(procfs: root + "/proc", cgroupfs: root + "/cgroup") == expected)
        }
    }

    @Test func `where nothing is to be seen there is no limit`() {
        #expect(MemoryLimit.bytes(procfs: "/nowhere", cgroupfs: "/nowhere") == nil)
    }
}
