import Sandbox

/// What the program can give up after its start with this kernel; without it all the rest works.
struct SandboxCheck {
    let offered: SandboxReport

    var findings: [Finding] {
        SandboxLayer.allCases.map { layer in
            switch offered[layer] {
            case .on(let detail): Finding(.ok, .sandbox, "\(layer.rawValue) can be had: \(detail).")
            case .off(let reason):
                Finding(
                    .note, .sandbox, "\(layer.rawValue) cannot be had: \(reason). The exporter runs without it.",
                    remedy: remedy(layer))
            }
        }
    }

    private func remedy(_ layer: SandboxLayer) -> String? {
        switch layer {
        case .landlock: "a kernel from 5.13 on that is started with landlock in lsm= (cat /sys/kernel/security/lsm)"
        case .seccomp: "a kernel with CONFIG_SECCOMP_FILTER"
        case .capabilities: nil
        }
    }
}
