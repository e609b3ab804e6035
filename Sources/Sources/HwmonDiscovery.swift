public import Counters
import Kernel

/// Finds sensors of energy and power under /sys/class/hwmon. See Documentation/hwmon/sysfs-interface.rst in the kernel's source.
///
/// Each place at which a chip measures is counted once: by its energy counter rather than by its power, and by power at the moment
/// rather than by an average. Chips come in the order of their devices' paths, since their numbers are given in the order in
/// which drivers are loaded.
public struct HwmonDiscovery: Sendable {
    /// Those that can be read, in the order in which `HwmonSource` numbers them at first.
    public internal(set) var sensors: [HwmonSensor] = []
    /// The others, and why they cannot or should not be counted.
    public internal(set) var refused: [RefusedZone] = []
    /// What to remember until the next look.
    private(set) var memory: HwmonMemory
    private var identities: Set<String> = []
    /// What is known already of the chips that are there, which nobody else is known by.
    private var kept: Set<String> = []

    /// The sensors' domains, in the order in which `HwmonSource` numbers them.
    public var domains: [Domain] { sensors.map(\.domain) }

    /// Looks under `sysfs`, the root that has `class/hwmon`.
    public init(sysfs: String) {
        self.init(sysfs: sysfs, remembering: HwmonMemory())
    }

    /// - Parameters:
    ///   - memory: what an earlier look learned: names stay, and what is open or too slow is not read.
    ///   - clock: tells how long a reading takes, in nanoseconds.
    ///   - isPatient: what is slow is read all the same.
    init(
        sysfs: String, remembering memory: HwmonMemory, clock: @escaping () -> UInt64 = Clock.monotonicNanoseconds,
        isPatient: Bool = false
    ) {
        self.memory = memory
        let chips = findChips(sysfs)
        kept = memory.kept(appearances: Set(chips.map(\.appearance)))
        let candidates = chips.flatMap { findRails(of: $0, clock) }
        // In the order of the devices, whether or not they can be read now, so that one that is asleep has its name when it wakes.
        for candidate in candidates { name(candidate) }
        var admission = SensorAdmission(memory: self.memory, clock: clock, isPatient: isPatient)
        for candidate in HwmonCandidate.mostCoveringFirst(candidates) { admission.consider(candidate) }
        self.memory = admission.memory
        sensors = candidates.flatMap { candidate in
            candidate.rail.channels.compactMap { admission.sensors[$0.identity] }
        }
        let notAdmitted = candidates.flatMap { candidate in
            candidate.rail.channels.compactMap { admission.refused[$0.identity] }
        }
        refused = notAdmitted + refused
    }

    private mutating func findChips(_ sysfs: String) -> [HwmonChip] {
        let devices = (Files.realPath(sysfs) ?? sysfs) + "/"
        let root = SysfsDirectory(path: sysfs + "/class/hwmon")
        var chips: [HwmonChip] = []
        for entry in root.names where entry.hasPrefix("hwmon") {
            guard let number = UInt16(entry.dropFirst("hwmon".count)) else { continue }
            do throws(UnusableAttribute) {
                if let chip = try HwmonChip(entry, number: number, in: root.path, below: devices) { chips.append(chip) }
            } catch {
                refused.append(RefusedZone(name: entry, reason: error.reason))
            }
        }
        return chips.sorted(by: HwmonChip.precedes)
    }

    private mutating func findRails(of chip: HwmonChip, _ clock: () -> UInt64) -> [HwmonCandidate] {
        if let card = chip.card { return findCard(card, of: chip, clock) }
        var channels: [HwmonChannel] = []
        for file in chip.files {
            do throws(UnusableAttribute) {
                let label = try label(file, of: chip, clock)
                let identity = identity(file, label, of: chip)
                identities.insert(identity)
                channels.append(HwmonChannel(file: file, label: label, identity: identity))
            } catch {
                refused.append(RefusedZone(name: "\(chip.entry)/\(file.name)", reason: error.reason))
            }
        }
        let rails = HwmonRail.rails(of: channels)
        return rails.map { HwmonCandidate(chip: chip, rail: $0, siblings: rails.count) }
    }

    /// A card is counted once, whatever else of it is shown.
    private mutating func findCard(
        _ card: HwmonCard, of chip: HwmonChip, _ clock: () -> UInt64
    ) -> [HwmonCandidate] {
        var files: [(file: HwmonFile, label: String)] = []
        for file in chip.files {
            do throws(UnusableAttribute) {
                files.append((file, try label(file, of: chip, clock)))
            } catch {
                refused.append(RefusedZone(name: "\(chip.entry)/\(file.name)", reason: error.reason))
            }
        }
        // Two dies of one card may have one number.
        let identity = untaken(card.identity, separator: "#", isTaken: identities.contains)
        let wanted = card.files(files, hasMetrics: !memory.stuck.contains(identity))
        guard let first = wanted.first else { return [] }
        identities.insert(identity)
        let whole = HwmonChannel(
            file: first, label: files.first { $0.file == first }?.label ?? "", identity: identity,
            alternatives: Array(wanted.dropFirst()))
        let parts = files.filter { $0.file != first }.map { file, label in
            HwmonChannel(file: file, label: label, identity: "\(identity)/\(file.stem)", isPart: true)
        }
        return [HwmonCandidate(chip: chip, rail: HwmonRail(card: whole, parts: parts), siblings: 1)]
    }

    /// Chips without a device can be alike. What is known of one stays its own; those that are left are told apart by their order.
    private func identity(_ file: HwmonFile, _ label: String, of chip: HwmonChip) -> String {
        let wanted = chip.identity(file, label)
        if let own = memory.identity(wanted, appearance: chip.appearance), !identities.contains(own) { return own }
        return untaken(wanted, separator: "#") { identities.contains($0) || kept.contains($0) }
    }

    /// Labels are constants in most drivers. A chip that asks the device for them may be slow, and is not asked again.
    private mutating func label(
        _ file: HwmonFile, of chip: HwmonChip, _ clock: () -> UInt64
    ) throws(UnusableAttribute) -> String {
        guard memory.slowChips[chip.appearance] == nil else { return "" }
        let start = clock()
        defer { memory.note(chip: chip.appearance, took: clock() &- start) }
        return try chip.directory.textIfPresent(file.labelName) ?? ""
    }

    private mutating func name(_ candidate: HwmonCandidate) {
        guard let channel = candidate.rail.channels.first, !candidate.chip.isBattery,
            candidate.chip.card?.enclosure == nil
        else { return }
        _ = memory.names.name(
            channel.identity, candidate.chip.words(channel), isNumbered: candidate.chip.card != nil)
    }
}
