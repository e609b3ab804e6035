import Glibc
import Kernel
import TestSupport
import Testing

@Suite struct ListingDigestTests {
    @Test func `the same listing gives the same number`() throws {
        try withTemporaryDirectory { directory in
            for number in 0..<200 { try writeFile("\(directory)/entry-\(number)", "") }
            #expect(listing(directory) == listing(directory))
        }
    }

    @Test func `what comes, goes or gets another name changes it`() throws {
        try withTemporaryDirectory { directory in
            var seen = [listing(directory)]
            func expectChange() {
                let current = listing(directory)
                #expect(!seen.contains(current))
                seen.append(current)
            }
            try writeFile("\(directory)/one", "")
            expectChange()
            try checked("mkdir", mkdir("\(directory)/other", 0o755))
            expectChange()
            try checked("rename", rename("\(directory)/one", "\(directory)/two"))
            expectChange()
            try checked("unlink", unlink("\(directory)/two"))
            expectChange()
        }
    }

    @Test func `what takes the place of another under its name changes it`() throws {
        try withTemporaryDirectory { directory in
            try writeFile("\(directory)/zone", "")
            let before = listing(directory)
            try writeFile("\(directory)/new", "")
            try checked("rename", rename("\(directory)/new", "\(directory)/zone"))
            #expect(listing(directory) != before)
        }
    }

    @Test func `a directory that is not there counts as empty of all, and its coming as a change`() throws {
        try withTemporaryDirectory { directory in
            let before = listing("\(directory)/class")
            #expect(before == listing("\(directory)/class"))
            try checked("mkdir", mkdir("\(directory)/class", 0o755))
            #expect(listing("\(directory)/class") != before)
        }
    }

    @Test func `what a file shows goes into it`() throws {
        try withTemporaryDirectory { directory in
            let path = StoredPath("\(directory)/cpumask")
            func content() -> ListingDigest {
                var digest = ListingDigest()
                digest.add(file: path)
                return digest
            }
            let missing = content()
            try writeFile("\(directory)/cpumask", "0\n")
            let one = content()
            try writeFile("\(directory)/cpumask", "0,18\n")
            #expect(Set([missing == one, one == content()]) == [false])
            #expect(content() == content())
        }
    }

    private func listing(_ directory: String) -> ListingDigest {
        var digest = ListingDigest()
        digest.add(directory: StoredPath(directory))
        return digest
    }
}
