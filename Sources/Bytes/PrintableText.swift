/// A text for a terminal: what could steer one is escaped as in JSON, and all else stays as it is.
public func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: \.isControlCharacter) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        if scalar.isControlCharacter {
            result += JSONObject.quoted(String(scalar)).dropFirst().dropLast()
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}
