import HTTP

/// Feeds any bytes to the reader of Authorization headers: as a value, and as what a value may stand for.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAuthorization(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    checkAsValue(input)
    checkAsContent(input)
    return 0
}

/// What is read can be written in one way only: the one in which it came.
private func checkAsValue(_ value: UnsafeBufferPointer<UInt8>) {
    guard let read = BasicCredentials(authorization: value.span) else { return }
    let (user, password) = (read.user.map { read.bytes[$0] }, read.password.map { read.bytes[$0] })
    precondition(read.user.lowerBound == 0 && read.password.lowerBound == read.user.upperBound + 1)
    precondition(user.count <= Limits.credentialBytes && password.count <= Limits.credentialBytes)
    precondition(!user.contains(UInt8(ascii: ":")) && !user.contains(0) && !password.contains(0))
    let digits = value.dropFirst(6).drop { $0 == UInt8(ascii: " ") }
    precondition(Array(digits) == base64(user + [UInt8(ascii: ":")] + password))
    precondition(String(decoding: value.prefix(6), as: UTF8.self).lowercased() == "basic ")
}

/// What may be read is read as it was written, and nothing else is.
private func checkAsContent(_ content: UnsafeBufferPointer<UInt8>) {
    let value = Array("Basic ".utf8) + base64(Array(content))
    let read = BasicCredentials(authorization: value.span)
    let parts = content.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    let mayBeRead =
        parts.count == 2 && !content.contains(0) && parts[0].count <= Limits.credentialBytes
        && parts[1].count <= Limits.credentialBytes
    precondition((read != nil) == mayBeRead)
    guard let read else { return }
    precondition(read.user.map { read.bytes[$0] } == Array(parts[0]))
    precondition(read.password.map { read.bytes[$0] } == Array(parts[1]))
}

private func base64(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for digit in 0..<4 {
            text.append(digit <= group.count ? digits[word >> (18 - 6 * digit) & 63] : UInt8(ascii: "="))
        }
    }
    return text
}
