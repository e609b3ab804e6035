import Bytes
import Counters
import Kernel

/// The graphics card that a chip of sensors is on, where its driver measures the whole card.
///
/// Nothing that is read of it wakes it: the drivers keep what is asked for here in memory. See
/// Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon and sysfs-driver-intel-i915-hwmon, and
/// Documentation/gpu/amdgpu/driver-misc.rst in the kernel's source.
struct HwmonCard: Equatable, Sendable {
    enum Driver: String, Sendable {
        case xe
        case i915
        case amdgpu
    }

    let driver: Driver
    /// The card's own number or, where it has none, its place: the same over restarts and reloaded drivers.
    let identity: String
    let facts: CardFacts
    /// Why its energy is not counted although it can be read; nil for a card that is counted.
    private(set) var enclosure: Enclosure?
    /// Shows whether it sleeps.
    let status: StoredPath
    /// Whether it may.
    let control: StoredPath
    /// After how many milliseconds without use it does.
    let delay: StoredPath
    /// AMD's table of measurements as it was when it was looked at; nil where there is none, and while the card sleeps.
    private(set) var metrics: GPUMetrics?

    /// Nil for a chip that is on no such card: its name is none of theirs, or its device is not on PCI.
    init?(_ name: String, in chip: SysfsDirectory) {
        let device = SysfsDirectory(path: chip.path + "/device")
        let (driver, isTile) = HwmonCard.driver(name)
        guard let driver, let vendor = device.textIfReadable("vendor"),
            let address = Files.realPath(device.path)?.split(separator: "/").last
        else { return nil }
        let uuid = device.textIfReadable("unique_id").flatMap { HwmonCard.isNumber($0) ? $0 : nil }
        self.driver = driver
        identity = "\(CounterFacts.gpuIdentityPrefix)\(name)/\(uuid ?? String(address))"
        facts = CardFacts(
            vendor: driver == .amdgpu ? "amd" : "intel", model: HwmonCard.model(device, vendor), uuid: uuid ?? "",
            address: HwmonCard.busIdentifier(String(address)))
        status = StoredPath(device.path + "/power/runtime_status")
        control = StoredPath(device.path + "/power/control")
        delay = StoredPath(device.path + "/power/autosuspend_delay_ms")
        if isTile, HwmonCard.hasDevice(device) { enclosure = .card }
        switch driver {
        case .xe, .i915: if address == "0000:00:02.0" { enclosure = .processor }
        case .amdgpu: takeMetrics(device, chip)
        }
    }

    /// `i915_gt0` is one of several parts of a card.
    private static func driver(_ name: String) -> (driver: Driver?, isTile: Bool) {
        name.hasPrefix("i915_gt") ? (.i915, true) : (Driver(rawValue: name), false)
    }

    /// A card shows its parts by chips of their own, and itself by another one.
    private static func hasDevice(_ device: SysfsDirectory) -> Bool {
        SysfsDirectory(path: device.path + "/hwmon").names.contains { entry in
            let chip = SysfsDirectory(path: "\(device.path)/hwmon/\(entry)")
            return chip.textIfReadable("name") == Driver.i915.rawValue && chip.has("energy1_input")
        }
    }

    private mutating func takeMetrics(_ device: SysfsDirectory, _ chip: SysfsDirectory) {
        if !isAsleep, let file = StoredPath(device.path + "/gpu_metrics").open(),
            case .table(let table) = GPUMetrics.read(file)
        {
            metrics = table
        }
        if metrics?.isSecondDie ?? false { enclosure = .secondDie }
        // Only processors with graphics have the voltage of a northbridge. MI300A, which is one too, has neither mark.
        if metrics?.isProcessors ?? false || chip.textIfReadable("in1_label") == "vddnb"
            || device.textIfReadable("device") == "0x74a0"
        {
            enclosure = .socket
        }
    }

    /// Where a card does not tell its name, its numbers as lspci(8) writes them: `8086:56a0`.
    private static func model(_ device: SysfsDirectory, _ vendor: String) -> String {
        if let name = device.textIfReadable("product_name"), !name.isEmpty { return name }
        return [vendor, device.textIfReadable("device") ?? ""].map { $0.hasPrefix("0x") ? String($0.dropFirst(2)) : $0 }
            .joined(separator: ":")
    }

    private static func isNumber(_ text: String) -> Bool {
        text.contains { $0 != "0" } && text.allSatisfy(\.isHexDigit)
    }

    /// A place of sysfs, `0000:03:00.0`, as NVIDIA's tools would write it: `00000000:03:00.0`.
    private static func busIdentifier(_ address: String) -> String {
        String(repeating: "0", count: max(0, 8 - address.prefix { $0 != ":" }.count)) + address.uppercased()
    }
}

extension HwmonCard {
    /// Its driver counts with a register of 32 bits, and misses turns of it while nobody asks.
    var hasNarrowRegister: Bool { driver != .amdgpu }
}

/// Sleep. Asking does not wake a card; most readings would.
extension HwmonCard {
    /// It is suspended, or about to be.
    var isAsleep: Bool {
        guard let file = status.open() else { return false }
        return HwmonCard.isAsleep(file)
    }

    /// The same, by its status that is open. One that says nothing is awake.
    static func isAsleep(_ status: borrowing FileDescriptor) -> Bool { shows("suspend", status) }

    /// Whether what an attribute shows begins with a word.
    static func shows(_ word: StaticString, _ attribute: borrowing FileDescriptor) -> Bool {
        readAttribute(attribute) { outcome, bytes in
            guard case .bytes = outcome else { return false }
            return bytes.hasPrefix(word)
        }
    }
}

/// What is read of a card.
extension HwmonCard {
    /// The file by which it is counted, and those by which it would be if that could not be read, in this order; none for what is
    /// counted elsewhere, and for a chip that does not measure the whole card.
    ///
    /// - Parameters:
    ///   - files: what the chip has, with its label.
    ///   - hasMetrics: whether AMD's table is to be believed.
    func files(_ files: [(file: HwmonFile, label: String)], hasMetrics: Bool) -> [HwmonFile] {
        switch driver {
        // `card` has the memory and the fans in it, and `pkg` with it. Early versions have one counter without a name.
        case .xe:
            let energy = files.filter { $0.file.quantity == .energy }
            return ["card", "pkg", ""].flatMap { wanted in energy.filter { $0.label == wanted }.map(\.file) }
        case .i915: return files.map(\.file).filter { $0.quantity == .energy }
        case .amdgpu:
            let power = files.map(\.file).filter { $0.quantity == .power && $0.number == 1 }
            return (hasMetrics && metrics?.accumulator ?? 0 > 0 ? [HwmonFile.metrics] : []) + power
        }
    }
}
