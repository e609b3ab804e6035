import Counters

/// The small letters and digits of a text, in words with an underscore between; at most 64 of them.
func labelWord(_ text: String) -> String {
    var word: [UInt8] = []
    for byte in text.utf8.prefix(64) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): word.append(byte)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): word.append(byte | 0x20)
        default: if word.last != UInt8(ascii: "_"), !word.isEmpty { word.append(UInt8(ascii: "_")) }
        }
    }
    if word.last == UInt8(ascii: "_") { word.removeLast() }
    return String(decoding: word, as: UTF8.self)
}

/// A text, with the first number behind it with which it is not taken, if it is taken without.
func untaken(_ text: String, separator: String, isTaken: (String) -> Bool) -> String {
    var candidate = text
    var number = 2
    while isTaken(candidate) {
        candidate = text + separator + String(number)
        number += 1
    }
    return candidate
}

/// Whether a text is another one, or that one with a number behind a number sign, as `untaken` gives them.
func isNumbered(_ text: String, _ wanted: String) -> Bool {
    guard text.hasPrefix(wanted) else { return false }
    let rest = text.dropFirst(wanted.count)
    return rest.isEmpty || rest.first == "#" && UInt32(rest.dropFirst()) != nil
}
