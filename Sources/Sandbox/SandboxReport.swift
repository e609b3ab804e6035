/// What became of each layer.
public struct SandboxReport: Sendable, Equatable {
    /// Whether a layer is in force, and how, or why not.
    public enum State: Sendable, Equatable {
        /// In force, and how: `ABI 4`.
        case on(String)
        /// Not in force, and why.
        case off(String)

        /// Whether the layer is in force.
        public var isOn: Bool {
            switch self {
            case .on: true
            case .off: false
            }
        }
    }

    private var states: [State]

    /// No layer is entered, for one reason.
    public init(allOff reason: String) {
        states = SandboxLayer.allCases.map { _ in .off(reason) }
    }

    /// What became of a layer.
    public internal(set) subscript(layer: SandboxLayer) -> State {
        get { states[layer.position] }
        set { states[layer.position] = newValue }
    }

    /// Whether every layer is in force.
    public var isComplete: Bool { states.allSatisfy(\.isOn) }

    /// For people: `landlock on (ABI 4), seccomp on (40 calls), capabilities given up`.
    public var summary: String {
        SandboxLayer.allCases.map { layer in
            switch (layer, self[layer]) {
            case (.capabilities, .on(let detail)): detail
            case (.capabilities, .off(let reason)): "capabilities kept (\(reason))"
            case (_, .on(let detail)): "\(layer.rawValue) on (\(detail))"
            case (_, .off(let reason)): "\(layer.rawValue) off (\(reason))"
            }
        }.joined(separator: ", ")
    }
}

extension SandboxLayer {
    /// The position among all layers.
    fileprivate var position: Int { SandboxLayer.allCases.firstIndex(of: self) ?? 0 }
}
