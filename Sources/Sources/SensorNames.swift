import Counters

/// The names of sensors, each of which stays with its device and channel: a device that comes later gets another name.
struct SensorNames: Sendable {
    /// By the identities of what has them.
    private(set) var names: [String: String] = [:]
    private var taken: Set<String> = []
    /// What was named, in that order, and the words that were asked for.
    private var asked: [(identity: String, words: String, isNumbered: Bool)] = []

    /// Gives the names of an earlier run back to what had them then, and the names that are left to the others, in the same order.
    mutating func recall(_ earlier: [(identity: String, tag: String)]) {
        let asked = asked
        self = SensorNames()
        for (identity, tag) in earlier where names[identity] == nil && taken.insert(tag).inserted {
            names[identity] = tag
        }
        for (identity, words, isNumbered) in asked { _ = name(identity, words, isNumbered: isNumbered) }
    }

    /// The name of a device's channel: the one that it has, or the words with a number if they are taken.
    ///
    /// - Parameter isNumbered: the words end in a number already, and the next one that is free is taken: `nvidia_gpu_1`.
    mutating func name(_ identity: String, _ words: String, isNumbered: Bool = false) -> String {
        if let name = names[identity] { return name }
        asked.append((identity, words, isNumbered))
        // Whether or not there is such a part here and now: it may appear later, and names do not depend on that.
        if Domain.isProcessorTag(words) { taken.insert(words) }
        let name =
            (isNumbered ? nextNumber(words) : nil) ?? untaken(words, separator: "_", isTaken: taken.contains)
        taken.insert(name)
        names[identity] = name
        return name
    }

    /// The first that is free of words that end in numbers from their own on; nil if they end in none.
    private func nextNumber(_ words: String) -> String? {
        guard let end = words.lastIndex(of: "_"), let first = UInt16(words[words.index(after: end)...]) else {
            return nil
        }
        return (Int(first)...Int(UInt16.max)).lazy.map { "\(words[...end])\($0)" }.first { !taken.contains($0) }
    }
}
