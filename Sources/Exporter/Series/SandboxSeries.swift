import Metrics
import Sandbox

/// What the program gave up.
struct SandboxSeries {
    private let layers: [SeriesIndex]

    init(declaredIn registry: inout Registry) {
        registry.declareFamily(
            "pyjoules_sandbox", .gauge,
            help: "Whether the exporter has enclosed itself by this layer; the log's first lines say why not.")
        layers = SandboxLayer.allCases.map { registry.declareSeries([Label("layer", $0.rawValue)]) }
    }

    func publish(_ report: SandboxReport, into registry: inout Registry) {
        for (series, layer) in zip(layers, SandboxLayer.allCases) {
            registry[series] = .integer(report[layer].isOn ? 1 : 0)
        }
    }
}
