/// A channel of a chip and what the driver calls it.
struct HwmonChannel {
    let file: HwmonFile
    /// Empty where the driver has no name for it.
    let label: String
    /// By what it is known whatever the chip's number is.
    let identity: String
    /// What is read in place of the file where that cannot be.
    var alternatives: [HwmonFile] = []
    /// It lies in the first channel of its rail, and is never counted.
    var isPart = false

    /// What is read, in this order as long as it cannot be.
    var files: [HwmonFile] { [file] + alternatives }

    /// What the label says of where the channel measures, without what it says of the quantity: `vdd1` for "VDD 1 power".
    var place: String {
        HwmonChannel.tokens(label).filter { !HwmonChannel.quantities.contains($0) }.joined()
    }

    /// Words for the quantity, in the spellings of drivers and firmware.
    private static let quantities: Set<String> = [
        "energy", "enm", "joule", "joules", "power", "pow", "pwr", "watt", "watts", "consumption",
    ]

    /// Runs of letters and runs of digits, in small letters.
    private static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var last: Character?
        for character in text.lowercased() {
            let isLetter = character.isLetter
            defer { last = isLetter || character.isNumber ? character : nil }
            guard isLetter || character.isNumber else { continue }
            if let last, last.isLetter == isLetter, let end = tokens.indices.last {
                tokens[end].append(character)
            } else {
                tokens.append(String(character))
            }
        }
        return tokens
    }

    /// Whether two channels of one chip measure at one place, one of them energy and the other power.
    ///
    /// Drivers that name both give them the same name, sometimes in another spelling or with the quantity in it. Others name power
    /// only, and that only "Power" (ltc2947, ltc4282), or neither (ina238): then the number tells.
    func sharesPlace(with other: HwmonChannel) -> Bool {
        let (own, others) = (place, other.place)
        if !own.isEmpty, !others.isEmpty { return own == others }
        return file.number == other.file.number
    }
}

/// One place at which a chip measures: its energy, its power, or both. It is counted once, by its energy where that can be read.
struct HwmonRail {
    let energy: HwmonChannel?
    /// Usually one at most.
    let powers: [HwmonChannel]

    private init(energy: HwmonChannel?, powers: [HwmonChannel]) {
        self.energy = energy
        self.powers = powers
    }

    /// All of them, that first by which it is counted if all can be read.
    var channels: [HwmonChannel] { (energy.map { [$0] } ?? []) + powers }

    /// The rails of a chip: those that have energy first.
    static func rails(of channels: [HwmonChannel]) -> [HwmonRail] {
        var powers = channels.filter { $0.file.quantity == .power }
        let counting = channels.filter { $0.file.quantity == .energy }.map { energy in
            let own = powers.filter(energy.sharesPlace)
            powers.removeAll(where: energy.sharesPlace)
            return HwmonRail(energy: energy, powers: own)
        }
        return counting + powers.map { HwmonRail(energy: nil, powers: [$0]) }
    }

    /// The rail of a whole card: what it is counted by, and what lies in that.
    init(card: HwmonChannel, parts: [HwmonChannel]) {
        self.init(energy: card, powers: parts)
    }

    /// How much of the machine it is likely to cover, by the words of drivers' labels: the less, the sooner it is left out where
    /// there are too many.
    var coverage: Int {
        let label = channels.first?.label.lowercased() ?? ""
        if HwmonRail.wholes.contains(where: label.contains) { return 2 }
        return label.contains("core") ? 0 : 1
    }

    private static let wholes = ["total", "system", "chassis", "node", "socket", "package", "pkg", "card"]
}
