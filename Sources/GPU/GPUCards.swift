import Kernel

/// What a GPU is.
public struct GPUFacts: Equatable, Sendable {
    /// The library's number of it, which changes with the order in which GPUs are found.
    public var number: Int
    /// `GPU-76faf985-...`, or its place where it does not tell.
    public var identity: String
    /// Where it is plugged in, such as `00000000:00:06.0`; nil where nobody knows.
    public var busIdentifier: String?
    /// Such as `NVIDIA H200`.
    public var model: String?
    /// The highest power limit that it can be set to.
    public var highestLimitMilliwatts: UInt64?
    /// It is divided into instances (MIG), which are all in its energy.
    public var isDivided = false
    /// The driver keeps it initialised while nobody uses it; nil where that is not known.
    public var isPersistent: Bool?
    /// It is switched off while nobody uses it, so that whoever has it open keeps it awake.
    public var sleeps = false

    /// What the driver's module says without the library.
    public init(_ gpu: NVIDIADriver.GPU) {
        number = gpu.number
        identity = gpu.uuid ?? gpu.busIdentifier
        busIdentifier = gpu.busIdentifier
        model = gpu.model
        sleeps = gpu.sleeps
    }

    /// A GPU that only the library knows.
    init(number: Int) {
        self.number = number
        identity = "nvidia_gpu_\(number)"
    }
}

/// What a reading of a GPU gave.
public enum GPUReading: Equatable, Sendable {
    /// What its counter shows, in millijoules.
    case energy(UInt64)
    /// Its power in milliwatts, of one that has no counter.
    case power(UInt64)
    case failure(NVMLCode)
}

/// The GPUs of this machine, open until the process ends.
public struct GPUCards: ~Copyable {
    /// How a GPU is read.
    private enum Way {
        case energy
        case power
        /// Not at all, until another process tries again.
        case none(NVMLCode)
    }

    private struct Card {
        var facts: GPUFacts
        let handle: GPUHandle?
        var way: Way
        var samples: PowerSamples
        /// It has given a number once.
        var wasRead = false
    }

    private var cards: [Card] = []
    private let room = SampleRoom()

    /// Opens all GPUs of a library that is initialised. One that cannot be opened is among them.
    ///
    /// - Parameters:
    ///   - known: what the driver's module says of them.
    ///   - mostSamples: so many samples of power are kept of each.
    public init(known: [NVIDIADriver.GPU], mostSamples: Int) throws(NVMLCode) {
        let count = try NVML.count()
        for number in 0..<count {
            let gpu = known.first { $0.number == number }
            let facts = gpu.map { GPUFacts($0) } ?? GPUFacts(number: number)
            cards.append(GPUCards.open(facts, PowerSamples(most: mostSamples), known))
        }
    }

    private static func open(_ facts: GPUFacts, _ samples: PowerSamples, _ known: [NVIDIADriver.GPU]) -> Card {
        var facts = facts
        do throws(NVMLCode) {
            let handle = try GPUHandle(number: facts.number)
            facts.identity = try handle.uuid()
            facts.busIdentifier = optional { () throws(NVMLCode) in try handle.busIdentifier() } ?? facts.busIdentifier
            facts.model = optional { () throws(NVMLCode) in try handle.model() } ?? facts.model
            facts.highestLimitMilliwatts = optional { () throws(NVMLCode) in try handle.highestLimitMilliwatts() }
            facts.isDivided = optional { () throws(NVMLCode) in try handle.isDivided() } ?? false
            facts.isPersistent = optional { () throws(NVMLCode) in try handle.isPersistent() }
            facts.sleeps = known.first { $0.busIdentifier == facts.busIdentifier?.uppercased() }?.sleeps ?? facts.sleeps
            return Card(facts: facts, handle: handle, way: .energy, samples: samples)
        } catch {
            return Card(facts: facts, handle: nil, way: .none(error), samples: samples)
        }
    }

    private static func optional<Value>(_ call: () throws(NVMLCode) -> Value) -> Value? {
        do throws(NVMLCode) {
            return try call()
        } catch {
            return nil
        }
    }

    /// How many there are.
    public var count: Int { cards.count }

    /// What a GPU is.
    public func facts(_ index: Int) -> GPUFacts { cards[index].facts }

    /// Makes each kind of call once, while everything can still be opened: the driver's library opens and maps what it reads power from
    /// when it is asked first. What a GPU does not have shows.
    public mutating func warm() {
        for index in cards.indices {
            var reading = read(index)
            if case .failure(let code) = reading, code.isAbsence {
                cards[index].way = .power
                reading = read(index)
                if case .failure(let code) = reading, code.isAbsence { cards[index].way = .none(code) }
            }
            if case .failure = reading {} else { cards[index].wasRead = true }
            if let handle = cards[index].handle {
                _ = GPUCards.optional { () throws(NVMLCode) in try handle.powerMilliwatts() }
            }
            takeSamples(index)
            cards[index].samples.forget()
        }
    }

    /// Whether another process may read a GPU that this one never could.
    public func isWorthAnotherStart(_ index: Int) -> Bool {
        if case .none(let code) = cards[index].way, code.isAbsence { return false }
        return !cards[index].wasRead
    }

    /// Whether a GPU could be read when everything was still allowed.
    public func wasRead(_ index: Int) -> Bool { cards[index].wasRead }

    /// Reads a GPU, which takes some milliseconds.
    public func read(_ index: Int) -> GPUReading {
        guard let handle = cards[index].handle else { return failure(index) }
        do throws(NVMLCode) {
            switch cards[index].way {
            case .energy: return .energy(try handle.energyMillijoules())
            case .power: return .power(try handle.powerMilliwatts())
            case .none(let code): return .failure(code)
            }
        } catch {
            return .failure(error)
        }
    }

    private func failure(_ index: Int) -> GPUReading {
        if case .none(let code) = cards[index].way { return .failure(code) }
        return .failure(.unknown)
    }

    /// Takes what the driver has sampled of a GPU's power since the last call. It keeps some 2.4 s; what is older is lost.
    public mutating func takeSamples(_ index: Int) {
        guard case .energy = cards[index].way, let handle = cards[index].handle else { return }
        do throws(NVMLCode) {
            try cards[index].samples.take { (stamp, samples) throws(NVMLCode) in
                try handle.appendSamples(since: stamp, to: &samples, through: room)
            }
        } catch {
            // Not all have them, and whoever is in trouble says so when it is read.
            return
        }
    }

    /// Hands over the samples that were taken of a GPU; nil if there are none.
    public mutating func course(_ index: Int) -> PowerCourse? {
        cards[index].samples.handOver(now: (Clock.realtimeNanoseconds(), Clock.monotonicNanoseconds()))
    }

    /// Whether processes compute on a GPU; nil if it does not tell.
    public func isComputing(_ index: Int) -> Bool? {
        guard let handle = cards[index].handle else { return nil }
        return GPUCards.optional { () throws(NVMLCode) in try handle.computingProcesses() > 0 }
    }
}
