import Bytes

/// The latest frames of the stream: each is a line of what happened at one moment, made once and shared by all who read. The ring goes
/// on whoever is behind.
struct Frames: ~Copyable {
    /// So many are kept.
    static let capacity: UInt64 = 64
    /// What stands around a line that is a chunk: its length in hexadecimal digits, and two line ends.
    private static let lengthDigits = 6
    private static let prefixBytes = lengthDigits + 2
    private static let suffixBytes = 2

    /// In the order of their numbers.
    private var ring = SlotTable<ByteBuffer>(capacity: Int(Frames.capacity))
    /// How many there were up to now. Each has the number of those before it.
    private(set) var count: UInt64 = 0

    /// The number of the oldest one that is kept.
    var oldest: UInt64 { count - min(count, Frames.capacity) }

    /// Makes one of what has just happened. It allocates only while the ring is new, or where a line can be longer than any before.
    mutating func append(_ content: inout some Publisher & ~Copyable) {
        let place = Int(count % Frames.capacity)
        let needed = content.frameBytes + Frames.prefixBytes + Frames.suffixBytes
        if place == ring.count {
            guard ring.insert(ByteBuffer(capacity: needed)) != nil else { preconditionFailure() }
        }
        guard var frame = ring[index: place].take() else { preconditionFailure() }
        if frame.capacity < needed { frame = ByteBuffer(capacity: needed) }
        frame.removeAll()
        content.writeFrame(into: &frame)
        frame.becomeChunk()
        precondition(!frame.overflowed)
        ring[index: place] = consume frame
        count += 1
    }

    /// Lends one that is kept, as a chunk or the line alone.
    func withFrame<Result>(_ number: UInt64, isChunk: Bool, _ use: (Span<UInt8>) -> Result) -> Result {
        switch ring[index: Int(number % Frames.capacity)] {
        case .some(let frame):
            frame.withBytes { chunk in
                let line = Frames.prefixBytes..<(chunk.count - Frames.suffixBytes)
                return use(isChunk ? chunk : chunk.extracting(line))
            }
        case .none: preconditionFailure()
        }
    }

    /// Writes what a reader is told who is behind: how many frames it has lost.
    static func write(lost count: UInt64, isChunk: Bool, into line: inout ByteBuffer) {
        line.removeAll()
        line.append("{\"lost\":")
        line.append(decimal: count)
        line.append("}\n")
        if isChunk { line.becomeChunk() }
    }

    /// A line that tells of a loss is no longer.
    static let longestLoss = 64
    /// What ends a body in chunks. See RFC 9112 section 7.1.
    static let lastChunk: StaticString = "0\r\n\r\n"
}

extension ByteBuffer {
    /// Puts the length before what is there, and a line's end after it.
    fileprivate mutating func becomeChunk() {
        var prefix = InlineArray<8, UInt8>(repeating: UInt8(ascii: "\n"))
        var rest = count
        for place in stride(from: 5, through: 0, by: -1) {
            prefix[place] = hexadecimalDigit(of: UInt8(truncatingIfNeeded: rest & 0xF))
            rest >>= 4
        }
        precondition(rest == 0)
        prefix[6] = UInt8(ascii: "\r")
        insert(prefix.span, at: 0)
        append("\r\n")
    }
}

/// How far a connection has read the stream.
struct StreamPosition {
    /// The number of the frame that it is sent next.
    var next: UInt64
    /// Frames are chunks, as in HTTP/1.1; otherwise the stream goes on until the connection ends.
    let isChunked: Bool
    /// It ends once the frame that is under way is sent.
    var isEnding = false
}
