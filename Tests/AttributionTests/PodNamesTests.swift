import Glibc
import TestSupport
import Testing

@testable import Attribution

/// What the names of kubelet's links say.
@Suite struct PodLogNameTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)

    private func parts(_ name: String) -> [String]? {
        let bytes = Array(name.utf8)
        guard let found = PodLogName(bytes.span) else { return nil }
        return [found.pod, found.namespace, found.container, found.containerID].map {
            String(decoding: bytes[$0], as: UTF8.self)
        }
    }

    @Test(arguments: [
        ("web-5d4_shop_nginx", ["web-5d4", "shop", "nginx"]),
        // A static pod has its node's name behind its own, with dots.
        (
            "kube-apiserver-node1.example.com_kube-system_kube-apiserver",
            [
                "kube-apiserver-node1.example.com", "kube-system", "kube-apiserver",
            ]
        ),
        ("1_2_3", ["1", "2", "3"]),
        ("a-1_b--2_c-3", ["a-1", "b--2", "c-3"]),
        ("a_b_\(String(repeating: "c", count: 63))", ["a", "b", String(repeating: "c", count: 63)]),
    ])
    func `a name is that of a pod, its namespace, a container and its number`(_ stem: String, _ parts: [String]) {
        #expect(self.parts("\(stem)-\(Self.id).log") == parts + [Self.id])
    }

    @Test(arguments: [
        "", ".log", "-.log", "-\(id).log", "_-\(id).log", "__-\(id).log", "a_b-\(id).log", "a__c-\(id).log",
        "_b_c-\(id).log", "a_b_-\(id).log", "a_b_c_d-\(id).log", "a_b_c\(id).log", "a_b_c_\(id).log",
        "a_b_c-\(id)", "a_b_c-\(id).log.1", "a_b_c-\(id).LOG", "a_b_c-\(id.dropLast()).log", "a_b_c-\(id)0.log",
        "a_b_c-\(id.uppercased()).log", "A_b_c-\(id).log", "a_b.b_c-\(id).log", "a_b_c.c-\(id).log",
        "-a_b_c-\(id).log", "a-_b_c-\(id).log", "a._b_c-\(id).log", ".a_b_c-\(id).log", "a..a_b_c-\(id).log",
        "a-.a_b_c-\(id).log", "a.-a_b_c-\(id).log", "a_b_c--\(id).log", "a_-b_c-\(id).log", "a\"_b_c-\(id).log",
        "a_b\n_c-\(id).log", "a_b_ü-\(id).log", "a_\(String(repeating: "b", count: 64))_c-\(id).log",
        "a_b_\(String(repeating: "c", count: 64))-\(id).log", "\(String(repeating: "a", count: 256))_b_c-\(id).log",
    ])
    func `whatever is not made so is none`(_ name: String) {
        #expect(parts(name) == nil)
    }

    @Test func `where the name is as long as a file's may be, the container's may be cut, and is not told`() {
        // Of 255 bytes, 69 are the number's and the suffix's.
        for container in ["c", String(repeating: "c", count: 30), "cut-"] {
            let pod = String(repeating: "p", count: 186 - 4 - container.count)
            #expect(parts("\(pod)_ns_\(container)-\(Self.id).log") == [pod, "ns", "", Self.id])
        }
        let pod = String(repeating: "p", count: 186)
        #expect(parts("\(pod)-\(Self.id).log") == nil, "cut before the namespace ends")
    }

    @Test func `bytes that are cut or changed are read without a fault`() {
        let whole = Array("web-5d4_shop_nginx-\(Self.id).log".utf8)
        for end in whole.indices {
            #expect(PodLogName(whole.span.extracting(0..<end)) == nil)
            for byte in [0, 0x2D, 0x2E, 0x5F, 0xFF] as [UInt8] {
                var changed = whole
                changed[end] = byte
                if let found = PodLogName(changed.span) { #expect(found.containerID.count == 64) }
            }
        }
    }
}

/// Accounts of pods' containers.
@Suite struct PodNamesTests {
    private static let pod = "/kubepods.slice/kubepods-pod5ba385ca_0000_4000_8000_000000000001.slice"

    private func container(_ number: Int) -> (path: String, id: String) {
        let digits = String(number)
        let id = String(repeating: "a", count: 64 - digits.count) + digits
        return ("\(Self.pod)/cri-containerd-\(id).scope", id)
    }

    private func withPod(
        _ change: (inout AttributionSettings) -> Void = { _ in },
        _ body: (FakeCgroups, String, inout Bench) throws -> Void
    ) throws {
        try withTemporaryDirectory { links in
            try link(links, "first", container(1).id)
            try withBench(
                .containers,
                {
                    $0.podNames = links
                    change(&$0)
                }
            ) { cgroups in
                for path in ["/kubepods.slice", Self.pod, container(1).path, container(2).path] {
                    try cgroups.add(path)
                }
            } _: { cgroups, bench in
                try body(cgroups, links, &bench)
            }
        }
    }

    private func link(_ directory: String, _ pod: String, _ id: String) throws {
        try checked("symlink", symlink("/nowhere", "\(directory)/\(pod)_shop_nginx-\(id).log"))
    }

    /// The pod's name of a container's account; empty without one, nil without an account.
    private func name(_ number: Int, _ bench: borrowing Bench) -> String? {
        guard let place = bench.place(container(number).path), let facts = bench.attribution.account(at: place) else {
            return nil
        }
        guard let parts = PodLogName(facts.podLog.span) else { return "" }
        return String(decoding: facts.podLog[parts.pod], as: UTF8.self)
    }

    @Test func `what was there at the start has its name, or none, and waits for none`() throws {
        try withPod { _, _, bench in
            #expect(name(1, bench) == "first")
            #expect(name(2, bench) == "")
        }
    }

    @Test func `a new one has no account until its link is there, and its time is in the pod's rest`() throws {
        try withPod { cgroups, links, bench in
            try cgroups.add(container(3).path)
            cgroups.run(container(3).path, 100_000)
            try bench.second(1_000_000)
            #expect(name(3, bench) == nil && bench.energy(Self.pod) == 1_000_000)
            try link(links, "third", container(3).id)
            try bench.second(0)
            #expect(name(3, bench) == "third")
            cgroups.run(container(3).path, 100_000)
            try bench.second(1_000_000)
            #expect(bench.energy(container(3).path) == 1_000_000 && bench.energy(Self.pod) == 1_000_000)
        }
    }

    @Test func `one that gets no link is shown without a name in the end, and stays so`() throws {
        try withPod { cgroups, links, bench in
            try cgroups.add(container(3).path)
            for _ in 0..<10 {
                try bench.second(0)
                #expect(name(3, bench) == nil)
            }
            try bench.second(0)
            #expect(name(3, bench) == "")
            try link(links, "late", container(3).id)
            try bench.second(0)
            #expect(name(3, bench) == "", "a row's labels never change")
        }
    }

    @Test func `a link to a directory and a file are no links to a log`() throws {
        try withPod { cgroups, links, bench in
            let id = container(3).id
            try checked("mkdir", mkdir("\(links)/third_shop_nginx-\(id).log", 0o755))
            try cgroups.add(container(3).path)
            for _ in 0..<11 { try bench.second(0) }
            #expect(name(3, bench) == "")
        }
    }

    @Test func `a directory that cannot be listed is counted, and containers are shown all the same`() throws {
        try withPod({ $0.podNames = "/nowhere/containers" }) { _, _, bench in
            #expect(name(1, bench) == "" && name(2, bench) == "")
            #expect(bench.attribution.faultCount(.unnamed) > 0)
        }
        #expect(throws: AttributionObstacle.self) { try Attribution.countPodNames(in: "/nowhere/containers") }
    }

    @Test func `a restart finds the name again`() throws {
        try withPod { cgroups, _, bench in
            cgroups.run(container(1).path, 100_000)
            try bench.second(1_000_000)
            try bench.restart()
            try bench.second(0)
            #expect(name(1, bench) == "first" && bench.energy(container(1).path) == 1_000_000)
        }
    }

    @Test func `containers that are in no pod wait for nothing`() throws {
        try withPod { cgroups, _, bench in
            let path = "/system.slice/docker-\(container(3).id).scope"
            try cgroups.add("/system.slice")
            try cgroups.add(path)
            try bench.second(0)
            #expect(bench.place(path) != nil)
        }
    }
}
