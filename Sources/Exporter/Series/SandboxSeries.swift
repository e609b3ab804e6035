import Metrics
import Sandbox

/// What the program gave up.
struct SandboxSeries {
    private let sandbox: FamilyIndex
    /// In the order of all layers.
    private let rows: [Row]

    init(declaredIn registry: inout Registry) {
        let layers = registry.declareRows(SandboxLayer.allCases.map { ["layer": $0.rawValue] })
        rows = layers.rows
        sandbox = registry.declareFamily(
            "pyjoules_sandbox", .gauge, in: layers.table,
            help: "Whether the exporter gave this up after its start; the log says why not.")
    }

    func publish(_ report: SandboxReport, into registry: inout Registry) {
        for (row, layer) in zip(rows, SandboxLayer.allCases) {
            registry[sandbox, row] = .integer(report[layer].isOn ? 1 : 0)
        }
    }
}
