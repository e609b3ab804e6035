import Bytes

/// Protocol Buffers on the wire, as far as Prometheus' messages need them. Numbers take no more bytes than they must.
///
/// See https://protobuf.dev/programming-guides/encoding/
extension ByteBuffer {
    /// The low bits of a tag: how a field's value is laid out.
    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
    }

    mutating func append(field: UInt64, varint value: UInt64) {
        append(field, .varint)
        append(varint: value)
    }

    /// An `sint32` or `sint64`: zigzag, so that small negative numbers are short too.
    mutating func append(field: UInt64, signed value: Int) {
        append(field: field, varint: UInt64(bitPattern: Int64(value << 1 ^ value >> 63)))
    }

    mutating func append(field: UInt64, double value: Double) {
        append(field, .fixed64)
        append(littleEndian: value.bitPattern)
    }

    /// For start-up: text that is not known at compile time.
    mutating func append(field: UInt64, text: String) {
        append(field: field) { message in message.append(text) }
    }

    /// Appends what the closure writes as a message.
    mutating func append(field: UInt64, message write: (inout ByteBuffer) -> Void) {
        append(field, .lengthDelimited)
        appendDelimited(write)
    }

    /// Appends what the closure writes, after its length. That is known last and put in front then: moving some hundred bytes
    /// is cheaper than writing everything twice or elsewhere first.
    mutating func appendDelimited(_ write: (inout ByteBuffer) -> Void) {
        let start = count
        write(&self)
        let (bytes, length) = ByteBuffer.varint(UInt64(count - start))
        insert(bytes.span.extracting(first: length), at: start)
    }

    /// How many bytes a number takes.
    static func varintBytes(_ value: UInt64) -> Int {
        varint(value).length
    }

    private mutating func append(_ field: UInt64, _ type: WireType) {
        append(varint: field << 3 | type.rawValue)
    }

    private mutating func append(varint value: UInt64) {
        guard value >= 0x80 else { return append(UInt8(value)) }
        let (bytes, length) = ByteBuffer.varint(value)
        append(bytes.span.extracting(first: length))
    }

    /// Seven bits a byte, the least significant first; the highest bit says that more follow.
    private static func varint(_ value: UInt64) -> (bytes: InlineArray<10, UInt8>, length: Int) {
        var bytes = InlineArray<10, UInt8>(repeating: 0)
        var length = 0
        var rest = value
        while rest >= 0x80 {
            bytes[length] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            length += 1
        }
        bytes[length] = UInt8(rest)
        return (bytes, length + 1)
    }
}
