import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct SharedMemoryTests {
    @Test func `new memory is zero, and of a length that nobody can change`() throws {
        let memory = try SharedMemory(anonymous: "test", length: 8192)
        #expect(memory.length == 8192)
        #expect(content(memory).allSatisfy { $0 == 0 })
        for length in [0, 4096, 8191, 8193, 65_536] {
            let result = ftruncate(memory.descriptor.number, length)
            let code = errno
            #expect(result == -1)
            #expect(code == EPERM)
        }
        #expect(try FileStatus(of: memory.descriptor).size == 8192)
        // F_ADD_SEALS and F_SEAL_WRITE, which Swift's view of glibc leaves out.
        let (addSeals, sealWrite): (Int32, Int32) = (1033, 8)
        #expect(fcntl(memory.descriptor.number, addSeals, sealWrite) == -1, "the seals are sealed too")
        #expect(fcntl(memory.descriptor.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `what is written is seen by whoever maps the same memory, and outlives the first`() throws {
        var successor: Int32 = -1
        do {
            var memory = try SharedMemory(anonymous: "test", length: 4096)
            let bytes: [UInt8] = [1, 2, 3]
            memory.write(bytes.span, at: 4093)
            successor = try checked("dup", dup(memory.descriptor.number))
            let twin = try SharedMemory(
                mapping: FileDescriptor(inherited: try checked("dup", dup(memory.descriptor.number))), length: 4096)
            #expect(content(twin, 4090..<4096) == [0, 0, 0, 1, 2, 3])
            memory.write(bytes.span, at: 0)
            #expect(content(twin, 0..<4) == [1, 2, 3, 0])
        }
        let later = try SharedMemory(mapping: FileDescriptor(inherited: successor), length: 4096)
        #expect(content(later, 4092..<4096) == [0, 1, 2, 3])
    }

    @Test(arguments: [0, 4095, 4097, 8192])
    func `memory of another length is refused, and its descriptor closed`(length: Int) throws {
        let memory = try SharedMemory(anonymous: "test", length: 4096)
        let copy = try checked("dup", dup(memory.descriptor.number))
        let error = #expect(throws: SystemError.self) {
            _ = try SharedMemory(mapping: FileDescriptor(inherited: copy), length: length)
        }
        #expect(error?.code == .invalidArgument)
        #expect(fcntl(copy, F_GETFD) == -1)
    }

    @Test func `what cannot be mapped is refused`() throws {
        let error = #expect(throws: SystemError.self) {
            _ = try SharedMemory(mapping: try FileDescriptor.open("/dev/null", O_RDWR), length: 4096)
        }
        #expect(error?.code == .invalidArgument)
    }

    /// Whoever can shorten the memory of somebody else ends it by a signal.
    @Test func `memory that somebody can shorten is refused`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", Array(repeating: 0, count: 4096))
            let error = #expect(throws: SystemError.self) {
                _ = try SharedMemory(mapping: try FileDescriptor.open(directory + "/file", O_RDWR), length: 4096)
            }
            #expect(error?.code == .operationNotPermitted)
        }
    }

    private func content(_ memory: borrowing SharedMemory) -> [UInt8] {
        content(memory, 0..<memory.length)
    }

    private func content(_ memory: borrowing SharedMemory, _ range: Range<Int>) -> [UInt8] {
        memory.withBytes(range) { bytes in
            var copy: [UInt8] = []
            for index in bytes.indices { copy.append(bytes[index]) }
            return copy
        }
    }
}
