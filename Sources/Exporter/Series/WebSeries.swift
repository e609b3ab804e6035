import Metrics
import Serving

/// The web configuration file and the certificate in force.
struct WebSeries {
    private let upToDate: FamilyIndex
    private let certificateEnd: FamilyIndex

    init(declaredIn registry: inout Registry) {
        upToDate = registry.declareFamily(
            "pyjoules_web_config_last_reload_successful", .gauge,
            help: "Whether the web configuration file is in force as it was read last; 0 means an earlier one is.")
        certificateEnd = registry.declareFamily(
            "pyjoules_web_certificate_expiry_timestamp_seconds", .gauge,
            help: "When the certificate that is served expires.")
    }

    func publish(_ facts: WebFacts, into registry: inout Registry) {
        registry[upToDate] = facts.isUpToDate.map { .integer($0 ? 1 : 0) } ?? .absent
        registry[certificateEnd] = facts.certificateEndUnixSeconds.map(Value.integer) ?? .absent
    }
}
