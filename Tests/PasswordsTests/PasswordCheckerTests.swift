import Glibc
import Kernel
import Passwords
import TestSupport
import Testing

@Suite struct PasswordCheckerTests {
    @Test(
        arguments: [
            (Array("correct horse".utf8), Hashes.correctHorse, true),
            (Array("correct horsf".utf8), Hashes.correctHorse, false),
            (Array("correct hors".utf8), Hashes.correctHorse, false),
            (Array("correct horse ".utf8), Hashes.correctHorse, false),
            ([], Hashes.correctHorse, false),
            ([], Hashes.empty, true),
            (Array("x".utf8), Hashes.empty, false),
            (Array("p:ss:w".utf8), Hashes.withColons, true),
            (Array("pässwörd€".utf8), Hashes.umlauts, true),
            ([0xFF, 0xFF, 0xA3], Hashes.highBytes, true),
            (Array(repeating: UInt8(ascii: "x"), count: 71), Hashes.seventyTwoTimesX, false),
            (Array(repeating: UInt8(ascii: "x"), count: 72), Hashes.seventyTwoTimesX, true),
        ] as [([UInt8], String, Bool)])
    func `a password is verified if it is the one of the hash`(password: [UInt8], hash: String, isRight: Bool) throws {
        var checker = try PasswordChecker()
        #expect(try check(&checker, password, hash) == isRight)
    }

    /// As golang.org/x/crypto/bcrypt has it, so that whoever could log in at another exporter can here.
    @Test(arguments: [73, 256])
    func `beyond 72 bytes a password is not looked at`(count: Int) throws {
        var checker = try PasswordChecker()
        let password = Array(repeating: UInt8(ascii: "x"), count: 72) + Array(repeating: 0x79, count: count - 72)
        #expect(try check(&checker, password, Hashes.seventyTwoTimesX) == true)
    }

    @Test(arguments: ["$2a$", "$2b$", "$2y$"])
    func `the version of a hash makes no difference, as it makes none to Go`(version: String) throws {
        var checker = try PasswordChecker()
        let hash = version + Hashes.highBytes.dropFirst(4)
        #expect(try check(&checker, [0xFF, 0xFF, 0xA3], hash) == true)
    }

    /// The library writes the salt's last character anew; compared whole, such a hash would never match.
    @Test func `bits of the salt that mean nothing do not count`() throws {
        var checker = try PasswordChecker()
        let hash = Hashes.correctHorse.replacing("NW/zu", with: "NW/zv")
        #expect(hash != Hashes.correctHorse)
        #expect(try check(&checker, Array("correct horse".utf8), hash) == true)
    }

    @Test func `one checker compares again and again`() throws {
        var checker = try PasswordChecker()
        for _ in 0..<20 {
            #expect(try check(&checker, Array("correct horse".utf8), Hashes.correctHorse) == true)
            #expect(try check(&checker, Array("wrong".utf8), Hashes.correctHorse) == false)
        }
    }

    @Test func `starting does not wait for the answer, and only one comparison runs at a time`() throws {
        var checker = try PasswordChecker()
        let password = Array("correct horse".utf8)
        let hash = try #require(BcryptHash(Hashes.slow))
        let nothing = checker.takeAnswer()
        #expect(nothing == nil)
        let hasStarted = checker.start(password: password.span, hash: hash)
        let early = checker.takeAnswer()
        let startsAnother = checker.start(password: password.span, hash: hash)
        #expect(hasStarted)
        #expect(early == nil)
        #expect(checker.isBusy == true)
        #expect(!startsAnother)
        #expect(try answer(of: &checker) == true)
        let again = checker.takeAnswer()
        #expect(again == nil)
        #expect(checker.isBusy == false)
    }

    /// In C a password would end there, and whatever follows would be right.
    @Test(arguments: [
        Array("correct horse\0".utf8), Array("correct horse\0x".utf8), [0],
        Array(repeating: UInt8(ascii: "x"), count: 257),
    ])
    func `a password with a NUL, or too long, is not compared`(password: [UInt8]) throws {
        var checker = try PasswordChecker()
        let hash = try #require(BcryptHash(Hashes.correctHorse))
        let hasStarted = checker.start(password: password.span, hash: hash)
        #expect(!hasStarted)
        #expect(checker.isBusy == false)
    }

    /// The thread would otherwise write to memory that was freed and to a number that names another file.
    @Test func `a checker that goes while a comparison runs leaves all to the thread, which frees it`() throws {
        let hash = try #require(BcryptHash(Hashes.slow))
        // A thread of an earlier test may still be about to close what it had.
        #expect(try waitUntil { try comparingThreads().isEmpty })
        let before = try Files.names(in: "/proc/self/fd").count
        do {
            var checker = try PasswordChecker()
            let hasStarted = checker.start(password: Array("correct horse".utf8).span, hash: hash)
            #expect(hasStarted)
        }
        #expect(try Files.names(in: "/proc/self/fd").count == before + 1, "the thread's own")
        #expect(try waitUntil { try Files.names(in: "/proc/self/fd").count == before })
    }

    /// The loop takes signals by signalfd, which needs them blocked in every thread.
    @Test func `the thread takes no signals and stands back behind the loop`() throws {
        var checker = try PasswordChecker()
        let hash = try #require(BcryptHash(Hashes.slow))
        #expect(try waitUntil { try comparingThreads().isEmpty })
        let hasStarted = checker.start(password: Array("correct horse".utf8).span, hash: hash)
        #expect(hasStarted)
        var threads: [String] = []
        #expect(
            try waitUntil {
                threads = try comparingThreads()
                return !threads.isEmpty
            })
        #expect(threads.count == 1)
        let status = String(decoding: try Files.read("/proc/self/task/\(threads[0])/status"), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") })
        let blocked = try #require(UInt64(line.dropFirst(7).drop { $0 == "\t" }, radix: 16))
        for signal in [SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGPROF] {
            #expect(blocked >> (signal - 1) & 1 == 1, "signal \(signal)")
        }
        #expect(try answer(of: &checker) == true)
    }

    /// The threads whose nice value is the one that comparisons have.
    private func comparingThreads() throws -> [String] {
        let process = __priority_which_t(PRIO_PROCESS.rawValue)
        let expected = min(getpriority(process, 0) + 10, 19)
        return try Files.names(in: "/proc/self/task").filter { name in
            guard let thread = UInt32(name) else { return false }
            return getpriority(process, thread) == expected
        }
    }

    private func check(_ checker: inout PasswordChecker, _ password: [UInt8], _ hash: String) throws -> Bool? {
        let hash = try #require(BcryptHash(hash))
        let hasStarted = checker.start(password: password.span, hash: hash)
        try #require(hasStarted)
        return try answer(of: &checker)
    }

    /// Asks again until it is so, for 20 seconds at most.
    private func waitUntil(_ condition: () throws -> Bool) throws -> Bool {
        let end = Clock.monotonicNanoseconds() + 20_000_000_000
        while Clock.monotonicNanoseconds() < end {
            if try condition() { return true }
            usleep(1000)
        }
        return false
    }
}
