import Counters
import Glibc
import TestSupport
import Testing

@testable import Kernel
@testable import Sources

@Suite struct PerfSourceTests {
    @Test func `events are opened group by group, each member with its own leader`() throws {
        try withPerfTree(cpumask: "0,18", events: ["energy-pkg", "energy-ram", "energy-cores"]) { tree in
            let kernel = FakeKernel(in: tree.root)
            _ = try PerfSource(opening: PerfDiscovery(sysfs: tree.root, vendor: .intel).groups, calls: kernel.calls)
            #expect(
                kernel.opened == [
                    .init(event: PerfEvent(type: 25, config: 2, processor: 0), leader: nil),
                    .init(event: PerfEvent(type: 25, config: 1, processor: 0), leader: 0),
                    .init(event: PerfEvent(type: 25, config: 3, processor: 0), leader: 0),
                    .init(event: PerfEvent(type: 25, config: 2, processor: 18), leader: nil),
                    .init(event: PerfEvent(type: 25, config: 1, processor: 18), leader: 18),
                    .init(event: PerfEvent(type: 25, config: 3, processor: 18), leader: 18),
                ])
        }
    }

    @Test func `one pass gives the recorded reads of all groups, in the order of the domains`() throws {
        try withPerfTree(cpumask: "0,18") { tree in
            let kernel = FakeKernel(in: tree.root)
            kernel.record([2, 1_000, joule, 3 * joule] + [2, 2_000, 2 * joule, 5 * joule], processor: 0)
            kernel.record([2, 1_000, 7 * joule, 0] + [2, 2_000, 9 * joule, joule / 2], processor: 18)
            var source = try kernel.source(tree)
            #expect(source.readings(4) == Array(repeating: .failure(.empty), count: 4))
            source.beginPass()
            #expect(source.readings(4) == [1_000_000, 3_000_000, 7_000_000, 0].map { Reading.counter($0) })
            #expect(source.readings(4) == [1_000_000, 3_000_000, 7_000_000, 0].map { Reading.counter($0) })
            source.beginPass()
            #expect(source.readings(4) == [2_000_000, 5_000_000, 9_000_000, 500_000].map { Reading.counter($0) })
        }
    }

    @Test(
        arguments: [
            (0, 0), (1, 0), (4294, 0), (4295, 1), (1 << 31, 500_000), (1 << 32 - 1, 999_999), (1 << 32, 1_000_000),
            (1 << 63, 2_147_483_648_000_000), (UInt64.max - 4294, 4_294_967_295_999_998),
            (UInt64.max - 4293, 4_294_967_295_999_999),
            (UInt64.max, 4_294_967_295_999_999),
        ] as [(UInt64, UInt64)])
    func `a count is scaled exactly, rounded down`(count: UInt64, microjoules: UInt64) {
        #expect(PerfSource.microjoules(count) == microjoules)
    }

    @Test func `the microjoules of all counts end where the modulus says`() {
        #expect(PerfSource.modulus == PerfSource.microjoules(UInt64.max) + 1)
        var random = SplitMix64(seed: 4)
        for _ in 0..<10_000 {
            let count = random.nextOfAnySize()
            let moved = random.nextOfAnySize()
            let (before, after) = (PerfSource.microjoules(count), PerfSource.microjoules(count &+ moved))
            let risen = after >= before ? after - before : PerfSource.modulus - before + after
            let exact = PerfSource.microjoules(moved)
            #expect(risen == exact || risen == (exact + 1) % PerfSource.modulus, "\(count) + \(moved)")
        }
    }

    @Test func `a read that is too short is garbage`() throws {
        for words: [UInt64] in [
            [2], [2, 1_000], [2, 1_000, joule], [3, 1_000, joule, joule], [UInt64.max, 0, 0, 0],
        ] {
            try expect(.garbage, words)
        }
    }

    @Test func `a group that the kernel took apart or gave up is gone`() throws {
        try expect(.unregistered, [])
        try expect(.unregistered, [1, 1_000, joule])
        try expect(.unregistered, [0, 1_000])
    }

    @Test func `a group that no longer runs is gone, though it still shows its last counts`() throws {
        try withPerfTree { tree in
            let kernel = FakeKernel(in: tree.root)
            kernel.record([2, 1_000, joule, 0] + [2, 1_000, joule, 0] + [2, 1_001, joule, 0], processor: 0)
            var source = try kernel.source(tree)
            source.beginPass()
            #expect(source.readings(2) == [.counter(1_000_000), .counter(0)])
            source.beginPass()
            #expect(source.readings(2) == [.failure(.unregistered), .failure(.unregistered)])
            source.beginPass()
            #expect(source.readings(2) == [.counter(1_000_000), .counter(0)])
        }
    }

    @Test func `a read that fails says why, and the other group counts on`() throws {
        try withPerfTree(cpumask: "0,18") { tree in
            let kernel = FakeKernel(in: tree.root)
            kernel.record([2, 1_000, joule, joule], processor: 18)
            let groups = PerfDiscovery(sysfs: tree.root, vendor: .intel).groups
            let calls = PerfCalls(
                open: { (event) throws(SystemError) in
                    // Nothing is mapped at address 0, so reading there is EIO. See proc(5).
                    guard event.processor == 18 else { return try FileDescriptor.open(reading: "/proc/self/mem") }
                    return try kernel.open(event)
                },
                join: kernel.calls.join)
            var source = try PerfSource(opening: groups, calls: calls)
            source.beginPass()
            #expect(source.read(0) == .failure(.driverError))
            #expect(source.read(1) == .failure(.driverError))
            #expect(source.read(2) == .counter(1_000_000))
        }
    }

    @Test func `an event that cannot be opened is named, and nothing stays open`() throws {
        try withPerfTree { tree in
            let kernel = FakeKernel(in: tree.root)
            let calls = PerfCalls(
                open: kernel.calls.open,
                join: { (_, _) throws(SystemError) in
                    throw SystemError(call: "perf_event_open", code: .invalidArgument)
                })
            let groups = PerfDiscovery(sysfs: tree.root, vendor: .intel).groups
            let error = #expect(throws: PerfError.self) { _ = try PerfSource(opening: groups, calls: calls) }
            #expect(
                error?.description
                    == "power/energy-ram/cpu0 cannot be counted: perf_event_open: \(ErrorCode.invalidArgument)")
            #expect(kernel.numbers.allSatisfy { fcntl($0, F_GETFD) == -1 })
        }
    }

    @Test(arguments: [ErrorCode.permissionDenied, .operationNotPermitted], ["3", "2", "0"])
    func `what is forbidden comes with the kernel's setting`(code: ErrorCode, paranoid: String) throws {
        try withPerfTree { tree in
            try makeProcfs(in: tree.root, paranoid: paranoid)
            let calls = PerfCalls(
                open: { (_) throws(SystemError) in throw SystemError(call: "perf_event_open", code: code) },
                join: FakeKernel(in: tree.root).calls.join)
            let groups = PerfDiscovery(sysfs: tree.root, vendor: .intel).groups
            let error = #expect(throws: PerfError.self) {
                _ = try PerfSource(opening: groups, procfs: tree.root, calls: calls)
            }
            guard case .some(.forbidden(let permission)) = error else { throw Unexpected(error: error) }
            #expect(permission.paranoid == Int(paranoid))
        }
    }

    @Test(.enabled(if: isPerfPermitted(), "perf_event_open is refused here"))
    func `real events are opened and read by the kernel's own calls`() throws {
        try withPerfTree { tree in
            // No machine must have the unit, so software events take its place: the processor's clock, and context switches.
            try tree.set("type", to: "1\n")
            try tree.set("events/energy-pkg", to: "event=0x00\n")
            var source = try PerfSource(opening: PerfDiscovery(sysfs: tree.root, vendor: .intel).groups)
            source.beginPass()
            guard case .counter(let first, _) = source.read(0) else { throw Unexpected(error: nil) }
            let begin = Clock.monotonicNanoseconds()
            while Clock.monotonicNanoseconds() - begin < 2_000_000 {}
            source.beginPass()
            guard case .counter(let second, _) = source.read(0) else { throw Unexpected(error: nil) }
            // A millisecond is a million counts of 2^-32 J.
            #expect(second - first >= 232)
        }
    }

    /// What both counters of a group of two say after a pass that read these words.
    private func expect(_ failure: ReadFailure, _ words: [UInt64]) throws {
        try withPerfTree { tree in
            let kernel = FakeKernel(in: tree.root)
            kernel.record(words, processor: 0)
            var source = try kernel.source(tree)
            source.beginPass()
            #expect(source.readings(2) == [.failure(failure), .failure(failure)], "\(words)")
        }
    }

    private struct Unexpected: Error {
        let error: PerfError?
    }
}

@Suite struct PerfPermissionTests {
    private static let lowered = "run 'sysctl kernel.perf_event_paranoid=2' and give the service CAP_PERFMON"
    private static let filter =
        "a seccomp filter (systemd's SystemCallFilter= must name perf_event_open) or a security module forbids the call"

    @Test(arguments: [
        ("4", "is 4): give the service CAP_SYS_ADMIN, or \(lowered)"),
        ("3", "is 3): give the service CAP_SYS_ADMIN, or \(lowered)"),
        ("2", "is 2): give the service CAP_PERFMON; if it has it, \(filter)"),
        ("1", "is 1): give the service CAP_PERFMON; if it has it, \(filter)"),
        ("0", "is 0): the setting asks for nothing, so \(filter)"),
        ("-1", "is -1): the setting asks for nothing, so \(filter)"),
        ("x", "cannot be read): \(lowered)"),
    ])
    func `the text says exactly what is needed`(setting: String, text: String) throws {
        try withTemporaryDirectory { directory in
            try makeProcfs(in: directory, paranoid: setting)
            let description = PerfPermission(procfs: directory).description
            #expect(description == "perf_event_open is forbidden (kernel.perf_event_paranoid \(text)")
        }
    }

    @Test func `a setting that is not there is none`() throws {
        try withTemporaryDirectory { directory in
            #expect(PerfPermission(procfs: directory).paranoid == nil)
        }
    }
}

/// One joule in the kernel's unit.
private let joule: UInt64 = 1 << 32

private func makeProcfs(in directory: String, paranoid: String) throws {
    for path in ["sys", "sys/kernel"] { try checked("mkdir", mkdir("\(directory)/\(path)", 0o755)) }
    try writeFile("\(directory)/sys/kernel/perf_event_paranoid", paranoid + "\n")
}

private func isPerfPermitted() -> Bool {
    do {
        _ = try PerfEvent(type: 1, config: 0, processor: 0).open()
        return true
    } catch {
        return false
    }
}

extension PerfSource {
    /// The readings of the first counters.
    fileprivate func readings(_ count: Int) -> [Reading] {
        var readings: [Reading] = []
        for index in 0..<count { readings.append(read(index)) }
        return readings
    }
}
