import Bytes
import Counters
import Kernel

extension ReadFailure {
    /// Why a read of a sensor's open attribute failed. Rights are asked for when it is opened; a driver that says EPERM later
    /// (amdgpu) means that its device is suspended, and ENODATA means that the sensor is switched off. See
    /// Documentation/hwmon/sysfs-interface.rst in the kernel's source.
    init(sensor code: ErrorCode) {
        switch code {
        case .operationNotPermitted, .noData: self = .asleep
        default: self.init(code)
        }
    }
}

/// Reads a sensor's attribute: an energy, or a power in microwatts; `.counter` holds what it shows.
func readSensor(_ descriptor: borrowing FileDescriptor, _ quantity: HwmonFile.Quantity) -> Reading {
    guard quantity != .metrics else { return readMetrics(descriptor) }
    return readAttribute(descriptor) { outcome, bytes in
        if case .failed(let code) = outcome { return .failure(ReadFailure(sensor: code)) }
        return quantity == .power ? parsePower(bytes) : parseCounter(bytes)
    }
}

/// Reads the energy in a table of measurements.
private func readMetrics(_ descriptor: borrowing FileDescriptor) -> Reading {
    switch GPUMetrics.read(descriptor) {
    case .failure(let failure): .failure(failure)
    case .table(let metrics): metrics.microjoules.map { .counter($0) } ?? .failure(.garbage)
    }
}

/// Reads what a `powerN_input` shows: digits, with a sign where a driver signs its values.
///
/// The kernel's interface calls it "power use". Chips that measure current in both directions (ltc2947, PMBus supplies) show less
/// than 0 while energy flows back, and such as sit about 0 with an offset do, too: at that moment nothing is used, which is a
/// reading of 0. What flows back is not taken away from what was used.
func parsePower(_ bytes: Span<UInt8>) -> Reading {
    guard bytes.count > 0, bytes[0] == UInt8(ascii: "-") else { return parseCounter(bytes) }
    let magnitude = parseCounter(bytes.extracting(1..<bytes.count))
    if case .counter = magnitude { return .counter(0) }
    return .failure(.garbage)
}
