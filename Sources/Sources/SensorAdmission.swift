import Counters
import Kernel

/// A rail that may be counted.
struct HwmonCandidate {
    let chip: HwmonChip
    let rail: HwmonRail
    /// How many rails its chip has.
    let siblings: Int

    /// In the order in which there is room for them: where there are too many, sums go before their parts, and small chips before
    /// those with hundreds of rails. AMD's amd_energy shows each core, and the sockets after them.
    static func mostCoveringFirst(_ candidates: [HwmonCandidate]) -> [HwmonCandidate] {
        guard candidates.count > HwmonSource.capacity else { return candidates }
        let ordered = candidates.enumerated().sorted { left, right in
            let (one, other) = (left.element, right.element)
            return (-one.rail.coverage, one.siblings, left.offset) < (
                -other.rail.coverage, other.siblings, right.offset
            )
        }
        return ordered.map(\.element)
    }
}

/// Decides which rails are counted, and by which of their channels, by reading each once: there are attributes that can be opened
/// and never give a number.
struct SensorAdmission {
    private(set) var memory: HwmonMemory
    /// What is counted, by identity.
    private(set) var sensors: [String: HwmonSensor] = [:]
    /// What is not, by identity.
    private(set) var refused: [String: RefusedZone] = [:]
    private let clock: () -> UInt64
    /// What is slow is counted all the same.
    private let isPatient: Bool

    /// The latest reading took so long that no more than the sensor itself should be asked for.
    private var lastWasLong = false

    /// Nothing is decided yet.
    init(memory: HwmonMemory, clock: @escaping () -> UInt64, isPatient: Bool) {
        self.memory = memory
        self.clock = clock
        self.isPatient = isPatient
    }

    mutating func consider(_ candidate: HwmonCandidate) {
        let channels = candidate.rail.channels
        // What is counted already stays what its rail is counted by.
        let ordered = channels.filter(isCounted) + channels.filter { !isCounted($0) }
        var hasOne = false
        for channel in ordered where hasOne || !channel.isPart {
            do throws(UnusableAttribute) {
                guard !hasOne else { throw UnusableAttribute(reason: channel.isPart ? .enclosed(.card) : .duplicate) }
                sensors[channel.identity] = try admit(channel, of: candidate.chip)
                hasOne = true
            } catch {
                let name = "\(candidate.chip.entry)/\(channel.file.name)"
                let sleeper = error.reason == .asleep ? domain(channel, of: candidate.chip) : nil
                refused[channel.identity] = RefusedZone(name: name, domain: sleeper, reason: error.reason)
            }
        }
    }

    /// What a card that sleeps will be called; nil for other sensors, of which only their names tell what they are.
    private func domain(_ channel: HwmonChannel, of chip: HwmonChip) -> Domain? {
        guard chip.card != nil, let name = memory.names.names[channel.identity] else { return nil }
        return Domain(kind: .gpu, socket: 0, label: name)
    }

    private func isCounted(_ channel: HwmonChannel) -> Bool { memory.counted.contains(channel.identity) }

    private mutating func admit(
        _ channel: HwmonChannel, of chip: HwmonChip
    ) throws(UnusableAttribute) -> HwmonSensor {
        guard !chip.isBattery(channel) else { throw UnusableAttribute(reason: .battery) }
        if let open = memory.open[channel.identity] { return open.at(chip) }
        try refuseSlow(channel, of: chip)
        guard sensors.count < HwmonSource.capacity else { throw UnusableAttribute(reason: .tooMany) }
        try refuseCard(chip)
        // Some drivers show power at the moment for every chip, and answer only for some (amdgpu): then its average is as good.
        var first: UnusableAttribute?
        for file in channel.files.flatMap({ [$0] + ($0.average.map { [$0] } ?? []) }) {
            do throws(UnusableAttribute) {
                return try admit(channel, by: file, of: chip)
            } catch {
                guard !error.reason.isSlow else { throw error }
                first = first ?? error
            }
        }
        throw first ?? UnusableAttribute(reason: .duplicate)
    }

    /// Refuses a card whose energy is counted elsewhere, and one that sleeps, which most readings would wake.
    private func refuseCard(_ chip: HwmonChip) throws(UnusableAttribute) {
        guard let card = chip.card else { return }
        if let enclosure = card.enclosure { throw UnusableAttribute(reason: .enclosed(enclosure)) }
        if card.isAsleep { throw UnusableAttribute(reason: .asleep) }
    }

    private mutating func admit(
        _ channel: HwmonChannel, by file: HwmonFile, of chip: HwmonChip
    ) throws(UnusableAttribute) -> HwmonSensor {
        let reading = Result { () throws(UnusableAttribute) in try read(file, of: chip) }
        try refuseSlow(channel, of: chip)
        let shown = try reading.get()
        let words = chip.words(channel)
        let isCard = chip.card != nil
        let name = memory.names.name(channel.identity, words, isNumbered: isCard)
        let sensor = HwmonSensor(
            name: "\(chip.entry)/\(file.name)", directory: chip.directory.path, file: file,
            domain: Domain(kind: isCard ? .gpu : .sensor, socket: 0, label: name), words: words,
            identity: channel.identity, card: chip.card,
            modulus: file.quantity == .metrics
                ? chip.card?.metrics?.modulus ?? CounterFacts.neverWraps : CounterFacts.neverWraps,
            appearance: chip.appearance,
            updatePeriodNanoseconds: chip.updatePeriodNanoseconds,
            limits: lastWasLong && !isPatient ? [] : chip.limits(channel))
        guard !sensor.isIntegrated || shown <= sensor.boundMicrowatts else {
            throw UnusableAttribute(file.name, shows: String(shown))
        }
        return sensor
    }

    /// Refuses what is known to be too slow, or has just been found to be. The other sensors of its chip are behind the same bus, and
    /// are not waited for as well.
    private func refuseSlow(_ channel: HwmonChannel, of chip: HwmonChip) throws(UnusableAttribute) {
        guard !isPatient, let nanoseconds = memory.slowNanoseconds(channel.identity, appearance: chip.appearance)
        else { return }
        throw UnusableAttribute(reason: .slow(nanoseconds: nanoseconds))
    }

    private mutating func read(
        _ file: HwmonFile, of chip: HwmonChip
    ) throws(UnusableAttribute) -> UInt64 {
        let start = clock()
        defer {
            let duration = clock() &- start
            lastWasLong = duration > SensorPace.longNanoseconds
            memory.note(chip: chip.appearance, took: duration)
        }
        return try chip.read(file)
    }
}

extension RefusedZone.Reason {
    fileprivate var isSlow: Bool {
        if case .slow = self { return true }
        return false
    }
}

extension HwmonChip {
    /// Reads an attribute once.
    fileprivate func read(_ file: HwmonFile) throws(UnusableAttribute) -> UInt64 {
        let descriptor: FileDescriptor
        do throws(SystemError) {
            descriptor = try FileDescriptor.open(reading: "\(directory.path)/\(file.name)")
        } catch {
            let isForbidden = error.code == .permissionDenied || error.code == .operationNotPermitted
            throw UnusableAttribute(reason: isForbidden ? .permissionDenied : .failed(error.code))
        }
        if file.quantity == .metrics, let microjoules = card?.metrics?.microjoules { return microjoules }
        let shown = readAttribute(descriptor) { outcome, bytes in HwmonChip.number(outcome, bytes, file) }
        return try shown.get()
    }

    private static func number(
        _ outcome: ReadOutcome, _ bytes: Span<UInt8>, _ file: HwmonFile
    ) -> Result<UInt64, UnusableAttribute> {
        if case .failed(let code) = outcome {
            let isAsleep = ReadFailure(sensor: code) == .asleep
            return .failure(UnusableAttribute(reason: isAsleep ? .asleep : .failed(code)))
        }
        let reading = file.quantity == .energy ? parseCounter(bytes) : parsePower(bytes)
        if case .counter(let value, _) = reading { return .success(value) }
        let text = String(decoding: bytes.indices.map { bytes[$0] }.prefix { $0 != 0x0A }, as: UTF8.self)
        return .failure(UnusableAttribute(file.name, shows: text))
    }
}
