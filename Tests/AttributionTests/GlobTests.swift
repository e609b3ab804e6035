import TestSupport
import Testing

@testable import Attribution

@Suite struct GlobTests {
    @Test(arguments: [
        ("*", "a.slice/b", true), ("b", "a.slice/b", true), ("a*", "a.slice/b", false),
        ("a.slice/*", "a.slice/b", true),
        ("a*", "abc", true), ("a*c", "abc", true), ("a*c", "abcd", false), ("a*b*c", "aXbXbc", true), ("?", "", false),
        ("?", "x", true), ("*/c", "a/b/c", false), ("*/*/c", "a/b/c", true), ("/a", "a", true), ("/a", "b/a", false),
        ("a?b/c", "a/b/c", false), ("**", "a", true), ("a", "ab", false), ("ab", "a", false), ("*a", "aaab", false),
        ("a*/b*/x", "aa/bb/x", true), ("a*/b", "a/x/b", false),
    ])
    func `a pattern is of some paths`(_ pattern: String, _ path: String, _ expected: Bool) {
        let bytes = Array(path.utf8)
        let name = (bytes.lastIndex(of: 0x2F) ?? -1) + 1
        #expect(Glob(pattern)?.matches(bytes.span, name: name) == expected)
    }

    @Test func `no pattern at all is refused`() {
        #expect(Glob("") == nil)
        #expect(Glob("/") == nil)
        #expect(Glob(String(repeating: "a", count: 4097)) == nil)
    }

    /// Against the definition itself, which tries all ways.
    @Test func `random patterns say what the definition says`() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<20000 {
            let pattern = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                "ab*?/".randomElement(using: &random) ?? "a"
            }
            let text = (0..<Int.random(in: 0...7, using: &random)).map { _ in "ab/".randomElement(using: &random) ?? "a"
            }
            guard let glob = Glob("/" + String(pattern)) else { continue }
            let bytes = Array(String(text).utf8)
            #expect(
                glob.matches(bytes.span, name: 0) == defined(pattern[...], text[...]),
                "\(String(pattern)) \(String(text))")
        }
    }

    private func defined(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
        guard let sign = pattern.first else { return text.isEmpty }
        if sign == "*" {
            if defined(pattern.dropFirst(), text) { return true }
            return text.first.map { $0 != "/" } == true && defined(pattern, text.dropFirst())
        }
        guard let character = text.first, sign == character || sign == "?" && character != "/" else { return false }
        return defined(pattern.dropFirst(), text.dropFirst())
    }
}
