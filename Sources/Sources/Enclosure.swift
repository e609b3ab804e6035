/// Why energy that can be read is not counted: it is counted already, as a part of something else.
public enum Enclosure: String, Sendable, Equatable {
    /// Graphics of a processor.
    case processor = "is the energy of the processor's own graphics, which the processor's counters count"
    /// A processor with graphics, all of which the graphics' driver shows.
    case socket = "is the power of a whole processor and its graphics, which the processor's counters count"
    /// A part of a graphics card.
    case card = "is a part of a graphics card, which is counted as a whole"
    /// One of two dies on a card.
    case secondDie = "is the second die of a graphics card, whose energy the first one counts"
}
