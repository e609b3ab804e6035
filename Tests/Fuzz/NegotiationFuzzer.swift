import Bytes
import HTTP

/// Takes any bytes as the values of Accept and Accept-Encoding lines and checks what must hold for all of them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNegotiation(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let lines = headerLines(UnsafeBufferPointer(start: start, count: count))
    let answer = negotiate(lines)
    checkSplits(of: lines, answer)
    checkRefusals(lines, answer)
    checkWishes(lines)
    return 0
}

/// At most so many values, so that a head has room for them twice, once for each header, and for two more.
private let longestInput = 4000
private let mostLines = 40

/// A new line in the input begins another header line; what no value may have is a blank.
private func headerLines(_ input: UnsafeBufferPointer<UInt8>) -> [[UInt8]] {
    var lines: [[UInt8]] = [[]]
    for byte in input.prefix(longestInput) {
        if byte == 0x0A, lines.count < mostLines {
            lines.append([])
        } else {
            lines[lines.count - 1].append(byte < 0x20 && byte != 0x09 || byte == 0x7F ? 0x20 : byte)
        }
    }
    return lines
}

/// Each line is the value of an Accept and of an Accept-Encoding line.
private func negotiate(_ lines: [[UInt8]]) -> Representation {
    var bytes = Array("GET / HTTP/1.1\r\nHost: x\r\n".utf8)
    for line in lines {
        bytes += "Accept:".utf8 + line + "\r\nAccept-Encoding:".utf8 + line + "\r\n".utf8
    }
    bytes += "\r\n".utf8
    guard case .complete(let request) = parseRequest(bytes.span) else { preconditionFailure() }
    return request.representation
}

/// A list means the same when it goes on in another line at one of its commas.
private func checkSplits(of lines: [[UInt8]], _ answer: Representation) {
    guard let index = lines.indices.max(by: { lines[$0].count < lines[$1].count }) else { return }
    for comma in commas(of: lines[index]).prefix(4) {
        var split = lines
        split[index] = Array(lines[index][..<comma])
        split.insert(Array(lines[index][(comma + 1)...]), at: index + 1)
        precondition(negotiate(split) == answer)
    }
}

/// Where the commas outside quotes are.
private func commas(of line: [UInt8]) -> [Int] {
    var positions: [Int] = []
    var isQuoted = false
    var isEscaped = false
    for (index, byte) in line.enumerated() {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\"") {
            isQuoted.toggle()
        } else if byte == UInt8(ascii: "\\"), isQuoted {
            isEscaped = true
        } else if byte == UInt8(ascii: ","), !isQuoted {
            positions.append(index)
        }
    }
    return positions
}

/// What is refused as well is chosen no more; text only as the last resort, for which nobody asked anything.
private func checkRefusals(_ lines: [[UInt8]], _ answer: Representation) {
    let refused = negotiate(lines + [mostSpecificRange(of: answer.format) + ";q=0".utf8])
    if answer.format == .text {
        precondition(refused.format != .text || !refused.namesEscaping)
    } else {
        precondition(refused.format != answer.format)
    }
    precondition(negotiate(lines + [Array("gzip;q=0".utf8)]).coding == .identity)
    precondition(negotiate(lines + [Array("x-gzip;q=0.000".utf8)]).coding == .identity)
}

/// What is wanted first and most is chosen; if not, it is refused, and stays so when it is wanted once more. Text is exempt from
/// the second half: refused, it can still be the last resort.
private func checkWishes(_ lines: [[UInt8]]) {
    for format in ExpositionFormat.allCases {
        let wish = mostSpecificRange(of: format)
        let isChosen = negotiate([wish] + lines).format == format
        precondition(isChosen || format == .text || negotiate([wish] + lines + [wish]).format != format)
    }
}

private func mostSpecificRange(of format: ExpositionFormat) -> [UInt8] {
    switch format {
    case .text: Array("text/plain;version=0.0.4".utf8)
    case .openMetrics100: Array("application/openmetrics-text;version=1.0.0".utf8)
    case .openMetrics001: Array("application/openmetrics-text;version=0.0.1".utf8)
    case .protobuf:
        Array("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited".utf8)
    }
}
