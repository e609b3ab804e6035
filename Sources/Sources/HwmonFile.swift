/// An attribute with a reading of energy or power: `energy1_input`, `power1_input`, `power1_average`, or AMD's `gpu_metrics`.
struct HwmonFile: Equatable {
    enum Quantity: String {
        case energy
        case power
        /// Energy in a table of measurements: see `GPUMetrics`.
        case metrics
    }

    let quantity: Quantity
    let number: UInt16
    let isAverage: Bool
    /// There is an average of the same power, for the case that the power at the moment cannot be read.
    var hasAverage = false

    init?(_ name: String) {
        guard let quantity = name.hasPrefix("energy") ? Quantity.energy : name.hasPrefix("power") ? .power : nil
        else { return nil }
        let rest = name.dropFirst(quantity.rawValue.count)
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt16(digits) else { return nil }
        switch (quantity, rest.dropFirst(digits.count)) {
        case (_, "_input"): isAverage = false
        case (.power, "_average"): isAverage = true
        default: return nil
        }
        self.quantity = quantity
        self.number = number
    }

    private init(metrics number: UInt16) {
        quantity = .metrics
        self.number = number
        isAverage = false
    }

    /// AMD's table, which lies with the card and not with its chip.
    static let metrics = HwmonFile(metrics: 1)

    var stem: String { "\(quantity.rawValue)\(number)" }
    var name: String { quantity == .metrics ? "device/gpu_metrics" : stem + (isAverage ? "_average" : "_input") }
    var labelName: String { stem + "_label" }

    /// The average of the same power; nil if there is none.
    var average: HwmonFile? { hasAverage ? HwmonFile("\(stem)_average") : nil }

    /// Those among a directory's names that are worth reading: energy first, then power, at the moment if there is a choice.
    static func best(of names: [String]) -> [HwmonFile] {
        let files = names.compactMap { HwmonFile($0) }.sorted { $0.number < $1.number }
        let energy = files.filter { $0.quantity == .energy }
        let power = files.filter { $0.quantity == .power }
        let averages = Set(power.filter(\.isAverage).map(\.number))
        let momentary = Set(power.filter { !$0.isAverage }.map(\.number))
        let best = power.filter { !$0.isAverage || !momentary.contains($0.number) }
        return energy
            + best.map { file in
                var file = file
                file.hasAverage = !file.isAverage && averages.contains(file.number)
                return file
            }
    }
}
