import CLinux
import Glibc
import TestSupport
import Testing

@testable import Kernel

@Suite struct FileStatusTests {
    @Test func `device and inode name a file, however it was opened`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/one", "12345")
            try writeFile(directory + "/two", "12345")
            try checked("link", link(directory + "/one", directory + "/same"))
            let one = try FileStatus(of: try FileDescriptor.open(reading: directory + "/one"))
            let same = try FileStatus(of: try FileDescriptor.open(reading: directory + "/same"))
            let two = try FileStatus(of: try FileDescriptor.open(reading: directory + "/two"))
            #expect(one.size == 5)
            #expect((one.device, one.inode) == (same.device, same.inode))
            #expect(one.inode != two.inode)
        }
    }

    @Test func `kinds of file are told apart`() throws {
        let pipe = try Pipe()
        #expect(try FileStatus(of: pipe.writer).type == CLINUX_FILE_PIPE)
        let pair = try FileDescriptor.connectedPair()
        #expect(try FileStatus(of: pair.first).type == CLINUX_FILE_SOCKET)
        let null = try FileDescriptor.open("/dev/null", O_RDONLY)
        #expect(try FileStatus(of: null).type == CLINUX_FILE_TERMINAL)
        let file = try FileDescriptor.open(reading: "/proc/sys/kernel/ostype")
        #expect(try FileStatus(of: file).type == CLINUX_FILE_REGULAR)
        let directory = try FileDescriptor.open("/", O_RDONLY)
        #expect(try FileStatus(of: directory).type == CLINUX_FILE_OTHER)
    }

    /// A process may be started with standard error closed.
    @Test func `a descriptor that is not open is an error and no trap`() throws {
        #expect {
            _ = try FileStatus(of: 1_000_000)
        } throws: { error in
            "\(error)" == "fstat: Bad file descriptor"
        }
    }

    @Test func `a path tells whose it is and who may use it`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/file"
            try writeFile(path, "")
            try checked("chmod", chmod(path, 0o440))
            let status = try FileStatus(at: path)
            #expect(status.permissions == 0o440)
            #expect(status.owner == Account.user)
            #expect(!status.isSocket)
        }
    }

    @Test func `accounts have names, unless nobody named them`() {
        #expect(Account.userName(0) == "root")
        #expect(Account.groupName(0) == "root")
        #expect(Account.userName(4_000_000_000) == nil)
        #expect(Account.groupName(4_000_000_000) == nil)
        #expect(Account.groups.first == getegid())
    }
}
