import Glibc
import TestSupport
import Testing

@testable import Doctor
@testable import Kernel

/// What `doctor` says of whether it can be told who used the energy.
@Suite struct CgroupCheckTests {
    private func findings(_ cgroups: FakeCgroups, procfs: String? = nil) -> [Finding] {
        CgroupCheck(cgroupfs: cgroups.root, sysfs: "/nowhere", procfs: procfs ?? cgroups.procfs).findings
    }

    private func findings(sysfs: String) -> [Finding] {
        CgroupCheck(cgroupfs: nil, sysfs: sysfs, procfs: "/proc").findings
    }

    @Test func `a whole tree can be told, with the units in it and what a look at them costs`() throws {
        try withTemporaryDirectory { directory in
            let cgroups = try FakeCgroups(in: directory)
            try cgroups.add("/system.slice")
            for number in 0..<7 { try cgroups.add("/system.slice/u\(number).service") }
            let found = findings(cgroups)
            #expect(found.map(\.status) == [.ok] && found.map(\.topic) == [.cgroups])
            #expect(found[0].sentence.contains("\(cgroups.root) has 7 units of all kinds"))
            #expect(found[0].sentence.contains(" us here, every "))
            #expect(found[0].remedy == nil)
            #expect(findings(sysfs: directory).map(\.status) == [.note], "nothing is where it usually lies")
        }
    }

    @Test func `it is looked for where it usually lies, also beside version 1`() throws {
        for place in ["fs/cgroup", "fs/cgroup/unified"] {
            try withTemporaryDirectory { sysfs in
                try makeDirectories(place + "/system.slice/a.service", in: sysfs)
                try makeDirectories("fs/cgroup/cpuacct", in: sysfs)
                try writeFile("\(sysfs)/\(place)/cgroup.controllers", "cpu\n")
                for path in ["system.slice", "system.slice/a.service"] {
                    try writeFile("\(sysfs)/\(place)/\(path)/cpu.stat", "usage_usec 1\n")
                }
                let found = findings(sysfs: sysfs)
                #expect(found.map(\.status) == [.ok])
                #expect(found[0].sentence.contains("\(sysfs)/\(place) has 1 unit of all kinds"))
            }
        }
    }

    /// Each is a note, since energy is counted all the same, and says what helps.
    @Test func `where it cannot be told, it is said why, and what helps`() throws {
        try withTemporaryDirectory { sysfs in
            #expect(findings(sysfs: sysfs).map(\.status) == [.note])
            #expect(findings(sysfs: sysfs)[0].sentence.contains("no cgroups of version 2 in \(sysfs)/fs/cgroup"))
            #expect(findings(sysfs: sysfs)[0].remedy?.contains("--path.cgroupfs") == true)

            try makeDirectories("fs/cgroup/cpu,cpuacct", in: sysfs)
            #expect(findings(sysfs: sysfs).map(\.status) == [.note])
            #expect(findings(sysfs: sysfs)[0].sentence.contains("version 1 only"))
            #expect(findings(sysfs: sysfs)[0].remedy?.contains("systemd.unified_cgroup_hierarchy=1") == true)
        }
    }

    @Test(arguments: ["cgroup.type", "cgroup.events"])
    func `a namespace's root is told from the whole tree`(file: String) throws {
        try withTemporaryDirectory { directory in
            let cgroups = try FakeCgroups(in: directory)
            try writeFile("\(cgroups.root)/\(file)", "domain\n")
            let found = findings(cgroups)
            #expect(found.map(\.status) == [.note])
            #expect(found[0].sentence.contains("the root of a namespace"))
            #expect(found[0].remedy?.contains("mount the host's /sys/fs/cgroup read-only") == true)
        }
    }

    @Test func `without the processors' times it cannot be told`() throws {
        try withTemporaryDirectory { directory in
            let found = findings(try FakeCgroups(in: directory), procfs: directory + "/nothing")
            #expect(found.map(\.status) == [.note])
            #expect(found[0].sentence.contains("\(directory)/nothing/stat"))
            #expect(found[0].remedy?.contains("ProcSubset=pid") == true)
        }
    }

    @Test func `units for which there are too few descriptors are a note, with the limit that helps`() throws {
        let before = try #require(Process.descriptorLimit)
        try withTemporaryDirectory { directory in
            let cgroups = try FakeCgroups(in: directory)
            try cgroups.add("/system.slice")
            for number in 0..<30 { try cgroups.add("/system.slice/u\(number).service") }
            try setDescriptorLimit(420)
            let found = findings(cgroups)
            try setDescriptorLimit(before)
            #expect(found.map(\.status) == [.ok, .note])
            #expect(found[1].sentence.contains("420 are not enough here for 31 of them"))
            #expect(found[1].remedy?.contains("LimitNOFILE=4096") == true)
            #expect(findings(cgroups).map(\.status) == [.ok])
        }
    }
}
