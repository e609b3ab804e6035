import ArgumentParser
import Attribution

/// The options that say who used the energy, and within which bounds.
struct AttributionOptions: ParsableArguments {
    @Option(
        name: .customLong("attribution"),
        help: ArgumentHelp(
            "How far down energy is shared out among those who used it: off; slices, with no names beyond theirs; units, which adds services, users, pods, virtual machines and the like; or containers, which splits pods. (default: slices)",
            valueName: "level"),
        completion: .list(AttributionName.allCases.map(\.rawValue)),
        transform: Parsing.oneOf)
    var level: AttributionName?

    @Option(
        name: .customLong("attribution.max"),
        help: ArgumentHelp(
            "The most units with series of their own; others stay in the rest of their slice. (default: 512)",
            valueName: "count"),
        transform: Parsing.mostUnits)
    var mostUnits: Int?

    @Option(
        name: .customLong("attribution.max-new"),
        help: ArgumentHelp(
            "The most units that get series within a minute, but for those of the start. (default: 60)",
            valueName: "count"),
        transform: Parsing.newPerMinute)
    var newPerMinute: Int?

    @Option(
        name: .customLong("attribution.interval"),
        help: ArgumentHelp(
            "Time between two looks at what units ran, or auto: as often as takes 0.2 % of one processor, which no interval exceeds. (default: 1s)",
            valueName: "duration"),
        transform: PassInterval.init(parsing:))
    var interval: PassInterval?

    @Option(
        name: .customLong("attribution.keep"),
        help: ArgumentHelp("How long the series of what has ended stay. (default: 600s)", valueName: "duration"),
        transform: Keeping.init(parsing:))
    var keeping: Keeping?

    @Option(
        name: .customLong("attribution.idle-watts"),
        help: ArgumentHelp(
            "The power that counts as nobody's, instead of what is measured while the machine does nothing: 35 for the package's, dram=3 for another kind; may be repeated.",
            valueName: "watts"),
        transform: IdleWatts.init(parsing:))
    var idlePowers: [IdleWatts] = []

    @Option(
        name: .customLong("attribution.kinds"),
        help: ArgumentHelp(
            "The kinds of energy that are shared out: package, dram, psys, with commas between them. (default: package,dram)",
            valueName: "kinds"),
        transform: SharedKinds.init(parsing:))
    var kinds: SharedKinds?

    @Option(
        name: .customLong("attribution.descend"),
        help: ArgumentHelp(
            "Look into what would be one unit, such as user-1000.slice; a pattern with * and ?, of a name or of a path from the root; may be repeated.",
            valueName: "pattern"),
        transform: Parsing.glob)
    var descended: [Glob] = []

    @Option(
        name: .customLong("attribution.include"),
        help: ArgumentHelp("Only units of such names have series; may be repeated.", valueName: "pattern"),
        transform: Parsing.glob)
    var included: [Glob] = []

    @Option(
        name: .customLong("attribution.exclude"),
        help: ArgumentHelp("Units of such names have no series; may be repeated.", valueName: "pattern"),
        transform: Parsing.glob)
    var excluded: [Glob] = []

    @OptionGroup var pods: PodNameOptions

    @OptionGroup var cgroups: CgroupOptions

    /// Puts the options over what the configuration has.
    func apply(to configuration: inout Configuration) {
        cgroups.apply(to: &configuration)
        pods.apply(to: &configuration)
        guard var choice = configuration.attribution else { return }
        if let level {
            guard let wanted = level.level else {
                configuration.attribution = nil
                return
            }
            choice.settings.level = wanted
        }
        choice.settings.mostUnits = mostUnits ?? choice.settings.mostUnits
        choice.settings.mostNewPerMinute = newPerMinute ?? choice.settings.mostNewPerMinute
        choice.settings.intervalNanoseconds = interval?.nanoseconds ?? choice.settings.intervalNanoseconds
        choice.settings.keepNanoseconds = keeping?.nanoseconds ?? choice.settings.keepNanoseconds
        choice.settings.descended = descended
        choice.settings.included = included
        choice.settings.excluded = excluded
        choice.settings.podNames = configuration.podNames
        if configuration.podNames != nil, choice.settings.level != .containers, descended.isEmpty {
            configuration.warnings.append("--attribution.pod-names has no effect without --attribution containers")
        }
        choice.idlePowers = idlePowers
        choice.kinds = kinds?.kinds ?? choice.kinds
        configuration.attribution = choice
    }
}

/// Where the cgroups are, for every command that looks at them.
struct CgroupOptions: ParsableArguments {
    @Option(
        name: .customLong("path.cgroupfs"),
        help: ArgumentHelp(
            "Where the cgroups of version 2 are mounted. (default: fs/cgroup in the root of sysfs)",
            valueName: "directory"),
        completion: .directory,
        transform: Parsing.directory)
    var cgroupfs: String?

    func apply(to configuration: inout Configuration) {
        configuration.cgroupfs = cgroupfs
        configuration.mustExist += [cgroupfs].compactMap { $0 }
    }
}

/// Where the names of pods are, for the commands that show or examine them.
struct PodNameOptions: ParsableArguments {
    @Option(
        name: .customLong("attribution.pod-names"),
        help: ArgumentHelp(
            "Where kubelet makes links to containers' logs, /var/log/containers: from their names, the containers of pods get the labels pod_name, pod_namespace and container_name. Needs --attribution containers.",
            valueName: "directory"),
        completion: .directory,
        transform: Parsing.directory)
    var podNames: String?

    func apply(to configuration: inout Configuration) {
        configuration.podNames = podNames
    }
}
