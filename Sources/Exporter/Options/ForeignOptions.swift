/// What to use here instead of options that other exporters have, node_exporter above all, since they stand in templates and
/// playbooks that start every exporter in the same way.
enum ForeignOptions {
    /// The end of a sentence about an option that is unknown here; nil if it is nobody's.
    ///
    /// - Parameter name: with its hyphens and without a value, such as `--web.max-requests`.
    static func replacement(for name: String) -> String? {
        switch name {
        case "--web.max-requests": "--web.max-connections limits how many are served at a time"
        case "--web.disable-exporter-metrics":
            "leave it out; Prometheus leaves series out by metric_relabel_configs, or asks for some by params: {'name[]': [...]}"
        case "--no-web.systemd-socket":
            "leave it out; sockets that systemd passes are used only if there are some, and --web.listen-address says where else to listen"
        case "--path.rootfs", "--path.udev.data": "--path.sysfs and --path.procfs say where the machine is seen"
        case "--config.file", "--web.config": "--web.config.file names the web configuration, and all else is an option"
        case "--web.route-prefix", "--web.external-url":
            "--web.telemetry-path says where the metrics are served"
        case "--runtime.gomaxprocs": "leave it out; there is one thread"
        default: ofGroup(name)
        }
    }

    /// Options of which there are many.
    private static func ofGroup(_ name: String) -> String? {
        if name.hasPrefix("--collector.") || name.hasPrefix("--no-collector.") {
            return "there are no collectors; --source says where energy is read"
        }
        if name.hasPrefix("--no-") { return "leave it out; nothing is on here that --no- would turn off" }
        return nil
    }
}
