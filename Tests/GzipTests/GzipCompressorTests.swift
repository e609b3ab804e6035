import Bytes
import Gzip
import TestSupport
import Testing

@Suite struct GzipCompressorTests {
    /// A page's worth of bytes that repeat as a page's do.
    private static let page: [UInt8] = (0..<400).flatMap {
        Array("pyjoules_energy_joules_total{domain=\"core_\($0)\"} \($0 * 7919)\n".utf8)
    }

    private func compressed(_ bytes: [UInt8], capacity: Int) throws -> [UInt8]? {
        var output = ByteBuffer(capacity: capacity)
        guard var compressor = GzipCompressor() else { throw OutOfMemory() }
        guard compressor.compress(bytes.span, into: &output) else {
            let isEmpty = output.isEmpty
            #expect(isEmpty)
            return nil
        }
        return output.content()
    }

    private struct OutOfMemory: Error {}

    @Test func `a page becomes a gzip member that names deflate, and ends in the page's length`() throws {
        let page = GzipCompressorTests.page
        let member = try #require(try compressed(page, capacity: page.count))
        #expect(Array(member.prefix(3)) == [0x1F, 0x8B, 8])
        #expect(member.count < page.count / 4)
        // RFC 1952 section 2.3.1: ISIZE, the length modulo 2^32, is the last field.
        let length = member.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(length == page.count)
    }

    @Test func `the same page gives the same bytes, whatever was compressed before`() throws {
        var output = ByteBuffer(capacity: 1 << 16)
        guard var compressor = GzipCompressor() else { throw OutOfMemory() }
        _ = compressor.compress(GzipCompressorTests.page.span, into: &output)
        let first = output.content()
        output.removeAll()
        _ = compressor.compress([1, 2, 3].span, into: &output)
        output.removeAll()
        _ = compressor.compress(GzipCompressorTests.page.span, into: &output)
        #expect(output.content() == first)
    }

    @Test func `what does not fit is not begun`() throws {
        #expect(try compressed(GzipCompressorTests.page, capacity: 100) == nil)
    }

    @Test func `nothing becomes a member of length 0`() throws {
        let member = try #require(try compressed([], capacity: 100))
        #expect(member.suffix(4) == [0, 0, 0, 0])
    }
}
