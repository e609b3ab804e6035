import Bytes
import Testing

@testable import HTTP

@Suite struct CharactersTests {
    private static let digits = "0123456789"
    private static let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    /// tchar of RFC 9110 section 5.6.2.
    @Test func `tokens are made of exactly the characters that the RFC lists`() {
        let listed = Set(("!#$%&'*+-.^_`|~" + Self.digits + Self.letters).utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(isToken(byte) == listed.contains(byte), "byte \(byte)")
        }
    }

    /// unreserved, pct-encoded and sub-delims of RFC 3986 section 2, with the brackets and colons of addresses and ports.
    @Test func `hosts are made of exactly the characters that the RFC lists`() {
        let listed = Set(("-._~%!$&'()*+,;=:[]" + Self.digits + Self.letters).utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(isHostCharacter(byte) == listed.contains(byte), "byte \(byte)")
        }
    }

    @Test func `digits are exactly the ten`() {
        let listed = Set(Self.digits.utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(byte.isASCIIDigit == listed.contains(byte), "byte \(byte)")
        }
    }

    @Test(arguments: [
        ("host", true), ("HOST", true), ("hOsT", true), ("hos", false), ("hosts", false), ("", false), ("tsoh", false),
    ])
    func `a comparison without regard to case folds letters`(text: String, isEqual: Bool) {
        let bytes = Array(text.utf8)
        #expect(bytes.span.equalsIgnoringCase("host") == isEqual)
    }

    /// Setting bit 0x20 in every byte would make these pairs equal, carriage return and hyphen among them.
    @Test func `what is no letter has no case`() {
        let bytes = Array("@[\\]^\r".utf8)
        #expect(bytes.span.extracting(0..<1).equalsIgnoringCase("`") == false)
        #expect(bytes.span.extracting(1..<2).equalsIgnoringCase("{") == false)
        #expect(bytes.span.extracting(2..<3).equalsIgnoringCase("|") == false)
        #expect(bytes.span.extracting(3..<4).equalsIgnoringCase("}") == false)
        #expect(bytes.span.extracting(4..<5).equalsIgnoringCase("~") == false)
        #expect(bytes.span.extracting(5..<6).equalsIgnoringCase("-") == false)
    }

    @Test(arguments: [("GET", true), ("get", false), ("GE", false), ("GETS", false), ("", false)])
    func `a comparison with regard to case is exact`(text: String, isEqual: Bool) {
        let bytes = Array(text.utf8)
        #expect(bytes.span.equals("GET") == isEqual)
    }

    @Test(arguments: [
        ("http://x", true), ("HTTP://x", true), ("http://", true), ("http:/", false), ("https://x", false), ("", false),
    ])
    func `a prefix is compared without regard to case`(text: String, hasPrefix: Bool) {
        let bytes = Array(text.utf8)
        #expect(bytes.span.hasPrefixIgnoringCase("http://") == hasPrefix)
    }

    @Test(arguments: [("", false), ("0", true), ("0123456789", true), ("12a", false), ("-1", false), (" 1", false)])
    func `digits and nothing else are a number`(text: String, isAllDigits: Bool) {
        let bytes = Array(text.utf8)
        #expect(bytes.span.isAllDigits == isAllDigits)
    }

    @Test(arguments: [
        ("", ""), (" ", ""), (" \t ", ""), ("a", "a"), (" a", "a"), ("a\t", "a"), (" a b ", "a b"),
        ("\u{B}a", "\u{B}a"),
    ])
    func `blanks at both ends are trimmed, and only they`(text: String, trimmed: String) {
        let bytes = Array(text.utf8)
        let range = bytes.span.trimmed(0..<bytes.count)
        #expect(String(decoding: bytes[range], as: UTF8.self) == trimmed)
    }

    @Test func `trimming stays within its range`() {
        let bytes = Array("  a  ".utf8)
        #expect(bytes.span.trimmed(1..<4) == 2..<3)
        #expect(bytes.span.trimmed(0..<2) == 2..<2)
        #expect(bytes.span.trimmed(5..<5) == 5..<5)
    }

    @Test(arguments: [
        ("1.0.0", true), ("\"1.0.0\"", true), ("\"1\\.0.\\0\"", true), ("", false), ("\"", false), ("\"\"", false),
        ("\"1.0.0", false), ("\"1.0.0\\\"", false), ("\"1.0.0\\", false), ("\"1.0.0\"x", false), ("\"1.0.00\"", false),
        ("\"1.0\"", false), ("1.0.0\"", false), ("\\1.0.0", false),
    ])
    func `a value may be quoted, and what a backslash precedes stands for itself`(text: String, isMeant: Bool) {
        let bytes = Array(text.utf8)
        #expect(bytes.span.spells("1.0.0") == isMeant)
    }

    @Test func `what is spelt is compared without regard to case`() {
        let bytes = Array("\"Delimited\"".utf8)
        #expect(bytes.span.spells("delimited") == true)
    }

    @Test(
        arguments: [
            ("", []), (",", []), (" , ,", []), ("a", ["a"]), ("a,b", ["a", "b"]), (" a , b\t,", ["a", "b"]),
            (",,a,,b c,", ["a", "b c"]), ("a\"b,c\"d,e", ["a\"b,c\"d", "e"]), ("\"\\\",\",a", ["\"\\\",\"", "a"]),
            ("a,\"b,c", ["a", "\"b,c"]), ("a,\"b\\", ["a", "\"b\\"]), ("a\\,b", ["a\\", "b"]),
        ] as [(String, [String])])
    func `a list is its elements without blanks and empty places`(text: String, elements: [String]) {
        let bytes = Array(text.utf8)
        var found: [String] = []
        bytes.span.forEachListElement { element in
            found.append(String(decoding: element.indices.map { element[$0] }, as: UTF8.self))
        }
        #expect(found == elements)
    }
}
