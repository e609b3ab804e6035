import Accounts
import Counters
import Glibc
import Kernel
import Sampling
import Sources

/// Lays out files as sysfs and procfs have them, changes those that the bytes name, before the first pass over the counters and
/// between passes, and checks what must hold whatever the kernel shows.
///
/// The input is divided by zeros. Of each piece the first byte says which file, and the rest is what it shows; a piece of one byte
/// removes the file. Pieces after one that begins with 0xFF come after a pass.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSysfs(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    let stages = stages(of: input.split(separator: 0))
    let tree = Tree()
    tree.layOut()
    if let first = stages.first { tree.change(first) }
    let roots = SystemRoots(sysfs: tree.root, procfs: tree.root)
    var sampling = Sampling(Sources(opening: .auto, roots, time: .replay, perfCalls: refusing))
    var totals: [UInt64] = []
    for step in 0..<min(max(stages.count, 2), 8) {
        if step > 0, step < stages.count { tree.change(stages[step]) }
        // Long enough for whatever is looked for again.
        let now = UInt64(step + 100) * 3_000_000_000
        sampling.tick(at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
        check(sampling, &totals)
    }
    return 0
}

private typealias Change = ArraySlice<UInt8>

private func stages(of pieces: [Slice<UnsafeBufferPointer<UInt8>>]) -> [[Change]] {
    var stages: [[Change]] = [[]]
    for piece in pieces.prefix(64) {
        if piece.first == 0xFF {
            stages.append([])
        } else {
            stages[stages.count - 1].append(Array(piece)[...])
        }
    }
    return stages
}

/// Totals never fall, names of domains are told apart, and whatever of powercap shows energy is somewhere in the list.
private func check(_ sampling: borrowing Sampling, _ totals: inout [UInt64]) {
    let accounts = sampling.accounts
    precondition(Set(accounts.map(\.domain.tag)).count == accounts.count)
    for index in accounts.indices {
        let total = accounts[index].totalMicrojoules
        if index < totals.count {
            precondition(total >= totals[index] || total > UInt64.max / 4)
            totals[index] = total
        } else {
            totals.append(total)
        }
        _ = accounts[index].powerUncertaintyMicrowatts
    }
    for zone in sampling.zones {
        precondition((zone.role == .counted || zone.role == .leadCore) == zone.reason.isEmpty)
    }
    for state in sampling.report.attempts { precondition(!"\(state.outcome)".isEmpty) }
}

/// The files, under the directory that the script made for this.
private struct Tree {
    let root = (Process.environment("FUZZ_DIRECTORY") ?? ".build/fuzz") + "/tree"

    private static let usual: [(path: String, text: String)] = [
        ("class/powercap/intel-rapl:0/name", "package-0"),
        ("class/powercap/intel-rapl:0/energy_uj", "1000"),
        ("class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850"),
        ("class/powercap/intel-rapl:0/constraint_0_name", "long_term"),
        ("class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "45000000"),
        ("class/powercap/intel-rapl:0/constraint_0_max_power_uw", "60000000"),
        ("class/powercap/intel-rapl:0:0/name", "dram"),
        ("class/powercap/intel-rapl:0:0/energy_uj", "5"),
        ("class/powercap/intel-rapl:0:0/max_energy_range_uj", "262143328850"),
        ("class/powercap/intel-rapl:a/name", "psys"),
        ("class/powercap/intel-rapl:a/energy_uj", "70000"),
        ("class/powercap/intel-rapl:a/max_energy_range_uj", "262143328850"),
        ("class/powercap/arm-scmi:0/name", "node"),
        ("class/powercap/arm-scmi:0/energy_uj", "7"),
        ("class/powercap/arm-scmi:0/max_energy_range_uj", "0"),
        ("class/hwmon/hwmon0/name", "amd_energy"),
        ("class/hwmon/hwmon0/energy1_input", "123456"),
        ("class/hwmon/hwmon0/energy1_label", "Esocket0"),
        ("class/hwmon/hwmon0/power1_input", "15000000"),
        ("class/hwmon/hwmon0/power1_label", "PPT"),
        ("class/hwmon/hwmon1/name", "power_meter"),
        ("class/hwmon/hwmon1/power1_average", "220000000"),
        ("class/hwmon/hwmon1/power1_average_interval", "1000"),
        ("class/hwmon/hwmon1/power1_max", "900000000"),
        ("class/hwmon/hwmon1/power1_cap", "800000000"),
        ("class/hwmon/hwmon1/power1_crit", "950000000"),
        ("class/hwmon/hwmon1/power1_rated_max", "990000000"),
        ("class/dmi/id/sys_vendor", "QEMU"),
        ("bus/event_source/devices/power/type", "9"),
        ("bus/event_source/devices/power/cpumask", "0"),
        ("bus/event_source/devices/power/events/energy-pkg", "event=0x02"),
        ("bus/event_source/devices/power/events/energy-pkg.scale", "2.3283064365386962890625e-10"),
        ("bus/event_source/devices/power/events/energy-pkg.unit", "Joules"),
        ("bus/event_source/devices/power/events/energy-psys", "event=0x05"),
        ("devices/system/cpu/cpu0/topology/physical_package_id", "0"),
        ("devices/system/cpu/cpu0/topology/die_id", "0"),
        ("cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n"),
        ("self/uid_map", "         0          0 4294967295\n"),
        ("self/cgroup", "0::/system.slice/pyjoules-exporter.service\n"),
        ("class/hwmon/hwmon2/name", "amdgpu"),
        ("class/hwmon/hwmon2/power1_average", "40000000"),
        ("class/hwmon/hwmon2/power1_cap", "300000000"),
        ("class/hwmon/hwmon2/in1_label", "vddgfx"),
        ("class/hwmon/hwmon2/device/vendor", "0x1002"),
        ("class/hwmon/hwmon2/device/device", "0x744c"),
        ("class/hwmon/hwmon2/device/unique_id", "9b1e5c0d2a7f4e61"),
        ("class/hwmon/hwmon2/device/power/runtime_status", "active"),
        ("class/hwmon/hwmon2/device/power/control", "auto"),
        ("class/hwmon/hwmon2/device/power/autosuspend_delay_ms", "5000"),
        ("class/hwmon/hwmon3/name", "xe"),
        ("class/hwmon/hwmon3/energy1_input", "700000"),
        ("class/hwmon/hwmon3/energy1_label", "card"),
        ("class/hwmon/hwmon3/energy2_input", "500000"),
        ("class/hwmon/hwmon3/energy2_label", "pkg"),
        ("class/hwmon/hwmon3/device/vendor", "0x8086"),
        ("class/hwmon/hwmon3/device/power/runtime_status", "active"),
    ]

    private static let metricsPath = "class/hwmon/hwmon2/device/gpu_metrics"
    /// A table of AMD's card: 288 bytes, the third layout.
    private static let metrics: [UInt8] = [0x20, 0x01, 1, 3] + Array(repeating: 0xFF, count: 284)

    /// What it may look like is laid out anew each time.
    func layOut() {
        for (path, text) in Tree.usual { write(path, Array(text.utf8)) }
        changeMetrics([])
        for name in ["/class/powercap", "/class/hwmon"] { removeStrangers(in: root + name) }
    }

    func change(_ changes: [Change]) {
        for change in changes {
            guard let number = change.first else { continue }
            let content = Array(change.dropFirst())
            switch Int(number) {
            case 0xF0: addZone(named: content)
            case 0xF1: link("class/powercap/intel-rapl:0/energy_uj", to: content)
            case 0xF2: link("class/hwmon/hwmon0/device", to: content)
            case 0xF3: changeMetrics(content)
            case Tree.usual.indices: replace(Tree.usual[Int(number)].path, content)
            default: replace(Tree.usual[Int(number) % Tree.usual.count].path, content)
            }
        }
    }

    /// Puts bytes at the beginning of the table, each more by one than it is there, so that there are zeros; one alone says how long the
    /// table is.
    private func changeMetrics(_ content: [UInt8]) {
        var table = Tree.metrics
        for (index, byte) in content.prefix(table.count).enumerated() { table[index] = byte &- 1 }
        write(Tree.metricsPath, content.count == 1 ? Array(table.prefix(Int(content[0]))) : table)
    }

    private func replace(_ path: String, _ content: [UInt8]) {
        if content.isEmpty { unlink("\(root)/\(path)") } else { write(path, content) }
    }

    private func addZone(named name: [UInt8]) {
        let name = String(decoding: name.filter { $0 != UInt8(ascii: "/") }.prefix(100), as: UTF8.self)
        guard !name.isEmpty, name != ".", name != ".." else { return }
        write("class/powercap/\(name)/energy_uj", Array("99".utf8))
        write("class/powercap/\(name)/max_energy_range_uj", Array("1000000".utf8))
    }

    private func link(_ path: String, to target: [UInt8]) {
        unlink("\(root)/\(path)")
        symlink(String(decoding: target.filter { $0 != 0 }, as: UTF8.self), "\(root)/\(path)")
    }

    private func write(_ path: String, _ content: [UInt8]) {
        var parent = root
        mkdir(root, 0o700)
        for part in path.split(separator: "/").dropLast() {
            parent += "/\(part)"
            mkdir(parent, 0o700)
        }
        unlink("\(root)/\(path)")
        let file = open("\(root)/\(path)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { return }
        _ = Glibc.write(file, content, content.count)
        close(file)
    }

    /// Zones that an earlier input added.
    private func removeStrangers(in directory: String) {
        let usual = Set(Tree.usual.map { "\(root)/\($0.path)".split(separator: "/").dropLast().joined(separator: "/") })
        for name in (try? Files.names(in: directory)) ?? []
        where !usual.contains("\(directory)/\(name)".dropFirst().description) {
            for file in (try? Files.names(in: "\(directory)/\(name)")) ?? [] { unlink("\(directory)/\(name)/\(file)") }
            rmdir("\(directory)/\(name)")
        }
        unlink("\(root)/class/hwmon/hwmon0/device")
    }
}

/// No performance events.
private var refusing: PerfCalls {
    PerfCalls(
        open: { (_) throws(SystemError) in throw refusal },
        join: { (_, _) throws(SystemError) in throw refusal })
}

private var refusal: SystemError { SystemError(call: "perf_event_open", code: ErrorCode(number: EACCES)) }
