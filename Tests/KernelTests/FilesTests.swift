import Glibc
import Kernel
import TestSupport
import Testing

@Suite struct FilesTests {
    @Test func `a file is read whole`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/empty", "")
            try writeFile(directory + "/name", "package-0\n")
            #expect(try Files.read(directory + "/empty") == [])
            #expect(try Files.read(directory + "/name") == Array("package-0\n".utf8))
        }
    }

    @Test func `a file without a size is read whole`() throws {
        let name = String(decoding: try Files.read("/proc/sys/kernel/ostype"), as: UTF8.self)
        #expect(name == "Linux\n")
    }

    @Test(arguments: [
        ("/a/b", "/a"), ("/a/b/c", "/a/b"), ("/b", "/"), ("b", "."), ("a/b", "a"), ("./b", "."), ("/", "/"), ("", "."),
    ])
    func `a path's directory is what stands before its last slash`(path: String, directory: String) {
        #expect(Files.directory(of: path) == directory)
    }

    @Test(arguments: [(9, 9), (10, 10), (11, 10), (0, 0)])
    func `a file is cut at the limit`(limit: Int, count: Int) throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", "0123456789")
            let content = try Files.read(directory + "/file", limit: limit)
            #expect(content == Array("0123456789".utf8.prefix(count)))
        }
    }

    @Test func `names are sorted and leave out the directory and its parent`() throws {
        try withTemporaryDirectory { directory in
            #expect(try Files.names(in: directory) == [])
            for name in ["intel-rapl:1", ".hidden", "intel-rapl", "intel-rapl:0"] {
                try writeFile(directory + "/" + name, "")
            }
            #expect(try Files.names(in: directory) == [".hidden", "intel-rapl", "intel-rapl:0", "intel-rapl:1"])
        }
    }

    @Test func `long names and many of them are whole`() throws {
        try withTemporaryDirectory { directory in
            let names = (100..<300).map { String(repeating: "n", count: 252) + "\($0)" }
            for name in names { try writeFile(directory + "/" + name, "") }
            #expect(try Files.names(in: directory) == names)
        }
    }

    @Test func `what is missing or of another kind is an error that names the call`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", "")
            expect("open: No such file or directory") { _ = try Files.read(directory + "/missing") }
            expect("open: not a regular file") { _ = try Files.read(directory) }
            expect("opendir: No such file or directory") { _ = try Files.names(in: directory + "/missing") }
            expect("opendir: Not a directory") { _ = try Files.names(in: directory + "/file") }
        }
    }

    private func expect(_ description: String, _ body: () throws -> Void) {
        #expect {
            try body()
        } throws: { error in
            "\(error)" == description
        }
    }

    @Test func `a link tells what it says, which need not be a path`() throws {
        try withTemporaryDirectory { directory in
            try checked("symlink", symlink("socket:[1]", directory + "/link"))
            #expect(try Files.link(directory + "/link") == "socket:[1]")
            do throws(SystemError) {
                _ = try Files.link(directory)
                Issue.record("read")
            } catch {
                #expect(error.code == .invalidArgument)
            }
        }
    }
}
