import Counters
import Glibc
import Kernel
import TestSupport
import Testing

@testable import Sources

@Suite struct ReadingTests {
    private static let table: [(String, Reading)] = [
        ("0\n", .counter(0)),
        ("262143328850\n", .counter(262_143_328_850)),
        ("262143328850", .counter(262_143_328_850)),
        ("0000000000000000005\n", .counter(5)),
        ("18446744073709551615\n", .counter(UInt64.max)),
        ("", .failure(.empty)),
        ("\n", .failure(.empty)),
        ("\n\n", .failure(.garbage)),
        ("5\n\n", .failure(.garbage)),
        ("\n5", .failure(.garbage)),
        ("5\r\n", .failure(.garbage)),
        ("5\n6\n", .failure(.garbage)),
        (" 5\n", .failure(.garbage)),
        ("5 \n", .failure(.garbage)),
        ("5\t", .failure(.garbage)),
        ("+5\n", .failure(.garbage)),
        ("-5\n", .failure(.garbage)),
        ("5.0\n", .failure(.garbage)),
        ("0x5\n", .failure(.garbage)),
        ("5\0", .failure(.garbage)),
        ("five\n", .failure(.garbage)),
        ("18446744073709551616\n", .failure(.garbage)),
    ]

    @Test(arguments: table)
    func `a counter shows digits and at most one line feed`(content: String, reading: Reading) {
        let bytes = Array(content.utf8)
        #expect(parseCounter(bytes.span) == reading)
    }

    @Test(arguments: table)
    func `a file is read as its bytes are`(content: String, reading: Reading) throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/energy_uj", content)
            let counter = try FileDescriptor.open(reading: directory + "/energy_uj")
            #expect(readCounter(counter) == reading)
            #expect(readCounter(counter) == reading, "each reading begins at the start")
        }
    }

    @Test func `content longer than any number is garbage and not cut to one`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/energy_uj", String(repeating: "1", count: 40) + "\n")
            #expect(readCounter(try FileDescriptor.open(reading: directory + "/energy_uj")) == .failure(.garbage))
        }
    }

    @Test func `a read that fails is a failure by its errno`() throws {
        #expect(readCounter(try FileDescriptor.open(reading: "/proc/self/mem")) == .failure(.driverError))
        #expect(readCounter(FileDescriptor(inherited: try checked("open", open("/", O_RDONLY)))) == .failure(.other))
    }
}
