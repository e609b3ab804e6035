import Counters
import TestSupport
import Testing

@testable import Sources

/// Which of what the kernel shows of graphics cards is counted: each card once, and none that is counted elsewhere.
@Suite struct CardDiscoveryTests {
    private let near = "0000:03:00.0"
    private let far = "0000:83:00.0"

    @Test func `a card of Intel's is counted as a whole, and its package lies in it`() throws {
        try withHwmonTree { tree in
            try tree.addCard(
                1, "xe", at: near,
                [
                    "energy1_input": "5\n", "energy1_label": "card\n", "energy2_input": "3\n",
                    "energy2_label": "pkg\n", "power1_max": "190000000\n", "power1_label": "card\n",
                ])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.map(\.name) == ["hwmon1/energy1_input"])
            #expect(discovery.refused == [RefusedZone(name: "hwmon1/energy2_input", reason: .enclosed(.card))])
            let facts = try #require(discovery.sensors.first?.facts)
            #expect(facts.domain == Domain(kind: .gpu, socket: 0, label: "xe_0"))
            #expect(facts.identity == "gpu/xe/0000:03:00.0")
            #expect(facts.card == CardFacts(vendor: "intel", model: "8086:56a0", address: "00000000:03:00.0"))
            #expect(facts.boundMicrowatts == 380_000_000)
            #expect(facts.isEstimate == false)
        }
    }

    @Test(arguments: ["pkg\n", ""])
    func `where only the package is shown it is the card`(label: String) throws {
        try withHwmonTree { tree in
            let file = label.isEmpty ? "energy1" : "energy2"
            var attributes = ["\(file)_input": "5\n"]
            if !label.isEmpty { attributes["\(file)_label"] = label }
            try tree.addCard(1, "xe", at: near, attributes)
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.map(\.name) == ["hwmon1/\(file)_input"])
            #expect(discovery.domains.map(\.tag) == ["xe_0"])
            #expect(discovery.refused.isEmpty)
        }
    }

    @Test func `the package counts where the card cannot be read`() throws {
        try withHwmonTree { tree in
            try tree.addCard(
                1, "xe", at: near,
                [
                    "energy1_input": "5\n", "energy1_label": "card\n", "energy2_input": "3\n",
                    "energy2_label": "pkg\n",
                ])
            try tree.breakSensor("hwmon1/energy1_input")
            #expect(HwmonDiscovery(sysfs: tree.root).sensors.map(\.name) == ["hwmon1/energy2_input"])
        }
    }

    @Test func `the parts of a card are not counted beside it`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "i915", at: near, ["energy1_input": "50\n"])
            try tree.addCard(2, "i915_gt0", at: near, ["energy1_input": "20\n"])
            try tree.addCard(3, "i915_gt1", at: near, ["energy1_input": "30\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.domains.map(\.tag) == ["i915_0"])
            #expect(
                discovery.refused
                    == [2, 3].map { RefusedZone(name: "hwmon\($0)/energy1_input", reason: .enclosed(.card)) })
        }
    }

    @Test func `graphics of a processor lie in its package`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "i915", at: "0000:00:02.0", ["energy1_input": "50\n"])
            try tree.addCard(2, "xe", at: near, ["energy1_input": "50\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.domains.map(\.tag) == ["xe_0"])
            #expect(
                discovery.refused == [RefusedZone(name: "hwmon1/energy1_input", reason: .enclosed(.processor))])
        }
    }

    @Test(arguments: [2, 3] as [UInt8])
    func `a processor with graphics of AMD's is left out, and its card beside it is counted`(format: UInt8) throws {
        try withHwmonTree { tree in
            let power = ["power1_average": "15000000\n", "power1_label": "PPT\n"]
            try tree.addCard(1, "amdgpu", at: near, power)
            try tree.setMetrics(1, gpuMetrics(format: format, content: 1, size: 120))
            try tree.addCard(2, "amdgpu", at: far, power)
            try tree.setMetrics(2, gpuMetrics(content: 3, size: 120))
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.map(\.name) == ["hwmon2/power1_average"])
            #expect(discovery.domains.map(\.tag) == ["amdgpu_0"])
            #expect(discovery.refused == [RefusedZone(name: "hwmon1/power1_average", reason: .enclosed(.socket))])
        }
    }

    /// Kernels before 5.8 have no table.
    @Test(arguments: [["in1_label": "vddnb\n"], ["device": "0x74a0\n"]])
    func `a processor with graphics is known by other marks, too`(mark: [String: String]) throws {
        try withHwmonTree { tree in
            let isDevice = mark["device"] != nil
            try tree.addCard(
                1, "amdgpu", at: near, device: isDevice ? mark : [:],
                ["power1_average": "15000000\n"].merging(isDevice ? [:] : mark) { one, _ in one })
            #expect(HwmonDiscovery(sysfs: tree.root).refused.map(\.reason) == [.enclosed(.socket)])
        }
    }

    @Test func `a card of AMD's is counted by its accumulator, and otherwise by its power`() throws {
        try withHwmonTree { tree in
            let power = ["power1_average": "15000000\n", "power1_label": "PPT\n", "power1_cap": "300000000\n"]
            try tree.addCard(1, "amdgpu", at: near, device: ["unique_id": "9b1e5c0d2a7f4e61\n"], power)
            try tree.setMetrics(1, gpuMetrics(content: 4, size: 288, energy: 65_536))
            try tree.addCard(2, "amdgpu", at: far, device: ["product_name": "Radeon PRO W7900\n"], power)
            try tree.setMetrics(2, gpuMetrics(content: 3, size: 120))
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.map(\.name) == ["hwmon1/device/gpu_metrics", "hwmon2/power1_average"])
            #expect(discovery.domains.map(\.tag) == ["amdgpu_0", "amdgpu_1"])
            let facts = discovery.sensors.map(\.facts)
            #expect(facts.map(\.identity) == ["gpu/amdgpu/9b1e5c0d2a7f4e61", "gpu/amdgpu/0000:83:00.0"])
            #expect(facts.map(\.isEstimate) == [false, true])
            #expect(facts.map(\.boundMicrowatts) == [600_000_000, 600_000_000])
            #expect(facts.map(\.unitMicrojoules) == [16, 1])
            #expect(facts[0].card?.uuid == "9b1e5c0d2a7f4e61")
            #expect(facts[1].card?.model == "Radeon PRO W7900")
            #expect(discovery.refused == [RefusedZone(name: "hwmon1/power1_average", reason: .enclosed(.card))])
        }
    }

    @Test func `the second die of a card is left out`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "amdgpu", at: near, ["power1_average": "0\n"])
            try tree.setMetrics(1, gpuMetrics(content: 3, size: 120, energy: 0, stack: 45))
            #expect(HwmonDiscovery(sysfs: tree.root).refused.map(\.reason) == [.enclosed(.secondDie)])
            // The other one may have the same number.
            let number = ["unique_id": "9b1e5c0d2a7f4e61\n"]
            for (index, address) in [(2, "0000:05:00.0"), (3, "0000:06:00.0")] {
                try tree.addCard(index, "amdgpu", at: address, device: number, ["power1_average": "0\n"])
                let energy: UInt64 = index == 2 ? 65_536 : 0
                try tree.setMetrics(index, gpuMetrics(content: 3, size: 120, energy: energy, stack: 45))
            }
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.map(\.name) == ["hwmon2/device/gpu_metrics"])
            #expect(
                discovery.refused.filter { $0.reason == .enclosed(.secondDie) }.map(\.name)
                    == ["hwmon1/power1_average", "hwmon3/power1_average"])
        }
    }

    /// A read of most attributes wakes a card.
    @Test(arguments: ["suspended", "suspending"])
    func `a card that sleeps is found by nothing that would wake it, and has its name`(status: String) throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "xe", at: near, ["energy1_input": "broken\n", "power1_max": "broken\n"])
            try tree.setStatus(1, status)
            try tree.addCard(2, "xe", at: far, ["energy1_input": "5\n"])
            let first = HwmonDiscovery(sysfs: tree.root)
            #expect(first.domains.map(\.tag) == ["xe_1"])
            #expect(
                first.refused == [
                    RefusedZone(
                        name: "hwmon1/energy1_input", domain: Domain(kind: .gpu, socket: 0, label: "xe_0"),
                        reason: .asleep)
                ])
            try tree.setStatus(1, "active")
            try tree.set("hwmon1/energy1_input", to: "7\n")
            let next = HwmonDiscovery(sysfs: tree.root, remembering: first.memory)
            #expect(next.domains.map(\.tag) == ["xe_0", "xe_1"])
        }
    }

    @Test func `a chip of that name that is on no card is a sensor like others`() throws {
        try withHwmonTree { tree in
            try tree.add(1, "amdgpu", ["power1_average": "1\n", "power1_label": "PPT\n"])
            #expect(HwmonDiscovery(sysfs: tree.root).sensors.map(\.domain.kind) == [.sensor])
        }
    }
}
