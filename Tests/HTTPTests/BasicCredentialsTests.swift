import HTTP
import Testing

@Suite struct BasicCredentialsTests {
    @Test(
        arguments: [
            // RFC 7617 section 2, and section 2.1 in UTF-8.
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
            ("Basic dGVzdDoxMjPCow==", "test", "123£"),
            ("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
            ("BASIC QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
            ("bAsIc   QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
            ("Basic Og==", "", ""),
            ("Basic YTo=", "a", ""),
            ("Basic OmE=", "", "a"),
            ("Basic YTpi", "a", "b"),
            ("Basic YTpiOmM6", "a", "b:c:"),
            ("Basic Ojo6", "", "::"),
            // All digits of the alphabet, plus and slash among them.
            ("Basic YTp+Pz4/", "a", "~?>?"),
        ])
    func `user and password are read`(value: String, user: String, password: String) throws {
        let read = try #require(credentials(value))
        #expect(read.user == user)
        #expect(read.password == password)
    }

    @Test(arguments: [
        "", "Basic", "Basic ", "Basi", "Basic\tYTpi", "BasicYTpi", "Bearer YTpi", "Digest username=\"a\"",
        " Basic YTpi",
        // Padding missing, too much, in the middle, alone.
        "Basic Og", "Basic Og=", "Basic Og===", "Basic O===", "Basic ====", "Basic =", "Basic YTpi====",
        "Basic Og==YTpi",
        "Basic YT=pi", "Basic YTpiY",
        // Other alphabets and blanks.
        "Basic YTp-Pz4_", "Basic YTp i", "Basic YTpi Og==", "Basic YTpi,", "Basic YTp\u{80}", "Basic YTp!",
        "Basic YTp@",
        "Basic YTp[", "Basic YTp`", "Basic YTp{", "Basic YTp.",
        // Bits left over.
        "Basic Oh==", "Basic YTp=",
        // No colon, and NUL in user and password.
        "Basic YWJj", "Basic AA==", "Basic AGE6Yg==", "Basic YTpiAA==", "Basic YTpiAGM=",
    ])
    func `anything else is none`(value: String) {
        #expect(credentials(value) == nil)
    }

    @Test(
        arguments: [
            (0, 256, true), (256, 0, true), (256, 256, true), (255, 256, true), (257, 0, false), (0, 257, false),
            (257, 255, false), (255, 257, false), (256, 257, false), (5000, 5000, false),
        ])
    func `user and password have a limit each`(userCount: Int, passwordCount: Int, isRead: Bool) {
        let user = String(repeating: "u", count: userCount)
        let password = String(repeating: "p", count: passwordCount)
        let read = credentials("Basic " + base64(Array("\(user):\(password)".utf8)))
        #expect((read != nil) == isRead)
        #expect(read == nil || read?.user == user && read?.password == password)
    }

    @Test func `every byte but NUL may stand in a password`() throws {
        for first in stride(from: 1, to: 256, by: 15) {
            let password = (first..<min(first + 15, 256)).map { UInt8($0) }
            let bytes = Array(("Basic " + base64(Array("a:".utf8) + password)).utf8)
            let credentials = BasicCredentials(authorization: bytes.span)
            let read = try #require(credentials)
            #expect(read.password.map { read.bytes[$0] } == password)
        }
    }

    @Test func `what is cut is none, or other credentials, and nothing beyond the end is read`() throws {
        let whole = Array("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".utf8)
        let memory = try GuardedMemory()
        for count in 0..<whole.count {
            let isRead = memory.withBytesAtEnd(Array(whole[..<count])) { BasicCredentials(authorization: $0) != nil }
            // A whole number of groups of four digits with the colon in them.
            #expect(isRead == (count > 16 && (count - 6).isMultiple(of: 4)), "cut at \(count)")
        }
    }

    private func credentials(_ value: String) -> (user: String, password: String)? {
        let bytes = Array(value.utf8)
        guard let read = BasicCredentials(authorization: bytes.span) else { return nil }
        let text = { (range: Range<Int>) in String(decoding: range.map { read.bytes[$0] }, as: UTF8.self) }
        return (text(read.user), text(read.password))
    }

    private func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for digit in 0..<4 {
                text.append(digit <= group.count ? digits[word >> (18 - 6 * digit) & 63] : "=")
            }
        }
        return text
    }
}
