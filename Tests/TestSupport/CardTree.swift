import Glibc

/// Graphics cards, laid out as the kernel lays them out: the chip's directory lies in the card's, which lies on PCI.
extension HwmonTree {
    /// Registers a card with its chip.
    ///
    /// - Parameters:
    ///   - address: its place on PCI, such as `0000:03:00.0`.
    ///   - device: attributes of the card itself, beside those that every card has.
    ///   - attributes: those of the chip.
    public func addCard(
        _ number: Int, _ driver: String, at address: String, device: [String: String] = [:],
        _ attributes: [String: String]
    ) throws {
        try add(number, driver, of: "pci0000:00/\(address)", attributes)
        let directory = "\(root)/devices/pci0000:00/\(address)"
        for path in ["power", "drm", "drm/card\(number)"] where access("\(directory)/\(path)", F_OK) != 0 {
            try checked("mkdir", mkdir("\(directory)/\(path)", 0o755))
        }
        let isAMD = driver == "amdgpu"
        let usual = [
            "vendor": isAMD ? "0x1002\n" : "0x8086\n", "device": isAMD ? "0x744c\n" : "0x56a0\n",
            "class": "0x030000\n", "power/control": "auto\n", "power/runtime_status": "active\n",
        ]
        for (name, content) in usual.merging(device, uniquingKeysWith: { _, new in new }) {
            try writeFile("\(directory)/\(name)", content)
        }
    }

    /// Sets AMD's table of measurements of a card.
    public func setMetrics(_ number: Int, _ bytes: [UInt8]) throws {
        try writeFile("\(root)/class/hwmon/hwmon\(number)/device/gpu_metrics", bytes)
    }

    /// Lets a card fall asleep, or wakes it.
    public func setStatus(_ number: Int, _ status: String) throws {
        try set("hwmon\(number)/device/power/runtime_status", to: status + "\n")
    }
}

/// A table of measurements as AMD's driver makes it: what nobody measures has all bits set.
///
/// - Parameters:
///   - energy: in units of 2^-16 J, at an offset.
///   - stack: the temperature of the first stack of memory, where there is one.
public func gpuMetrics(
    format: UInt8 = 1, content: UInt8, size: Int, energy: UInt64? = nil, at offset: Int = 24, stack: UInt16? = nil
) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xFF, count: size)
    func put(_ value: UInt64, at offset: Int, count: Int) {
        for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    put(UInt64(size), at: 0, count: 2)
    bytes[2] = format
    bytes[3] = content
    if let energy { put(energy, at: offset, count: 8) }
    if let stack { put(UInt64(stack), at: 88, count: 2) }
    return bytes
}
