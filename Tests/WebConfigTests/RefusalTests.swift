import Testing
import WebConfig

@Suite struct RefusalTests {
    @Test(arguments: RefusedFile.all)
    func `a file that cannot be used is refused with the line and the reason`(file: RefusedFile) throws {
        let error = try #require(refusal(file.yaml))
        #expect(error.line == file.line, "\(error)")
        #expect(error.message.contains(file.reason), "\(error)")
        #expect(error.description == "line \(error.line): \(error.message)")
        #expect(error.message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        #expect(error.message.utf8.count < 800)
    }

    @Test func `text that is no Unicode is refused with its line`() throws {
        let error = try #require(refusal(Array("rate_limit:\n  burst: ".utf8) + [0xFF, 0x0A]))
        #expect(error.line == 2)
        #expect(error.message == "this is no YAML: invalid leading UTF-8 octet")
    }

    /// With a colon or an indentation in the wrong place a secret stands where a name should, or where a path should.
    @Test(arguments: [
        "basic_auth_users:\n  alice: x\(bcryptHash)\n",
        "basic_auth_users:\n  \(bcryptHash): alice\n",
        "basic_auth_users:\n  \(bcryptHash): \(bcryptHash)\n  \(bcryptHash): x\n",
        "basic_auth_users: \(bcryptHash)\n",
        "basic_auth_users:\n- \(bcryptHash)\n",
        "\(bcryptHash): x\n",
        "\(bcryptHash)\n",
        "tls_server_config:\n  \(bcryptHash): x\n",
        "tls_server_config:\n  cert_file: c\n  key: \(bcryptHash)\n",
        "tls_server_config:\n  cert_file: c\n  key_file: |\n    \(bcryptHash)\n    x\n",
        "tls_server_config:\n  cert_file: c\n  key: [\(bcryptHash)]\n",
        "tls_server_config:\n  cert_file: c\n  key: |\n\(bcryptHash)\n",
        "tls_server_config:\n  cert_file: c\n  key: '\(bcryptHash)\n",
        "tls_server_config:\n  cert_file: c\n  key: &\(bcryptHash) x\n",
        "tls_server_config:\n  cert_file: c\n  key: *\(bcryptHash)\n",
        "tls_server_config:\n  cert_file: c\n  key: !\(bcryptHash) x\n",
    ])
    func `no message quotes what may be a secret`(yaml: String) throws {
        let error = try #require(refusal(yaml))
        #expect(!error.message.contains(bcryptHash.prefix(12)), "\(error)")
        #expect(!error.message.contains(bcryptHash.suffix(12)), "\(error)")
    }

    @Test func `a value that is long or not to be printed is cut and cleaned`() throws {
        let long = try #require(refusal(tlsConfiguration("min_version: " + String(repeating: "x", count: 100))))
        #expect(long.message.contains("'\(String(repeating: "x", count: 60))...';"))
        let ugly = try #require(refusal(tlsConfiguration("min_version: \"a\\n\\x1b[2Jb\"")))
        #expect(ugly.message.contains("'a??[2Jb'"))
    }
}
