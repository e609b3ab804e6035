import CLinux
import Glibc

/// Says in which of many directories a directory was made or removed. See inotify(7).
///
/// Unlike `FileWatch`, it is told each directory, and looks for nothing by itself. The kernel keeps at most
/// fs.inotify.max_queued_events; when there are more, `isOverflow` says so, and everything has to be listed again.
@safe
public struct DirectoryWatch: ~Copyable {
    /// A directory that is watched; the number is given to no other one as long as this watch exists.
    public struct Number: Equatable, Hashable, Sendable {
        let value: Int32
    }

    /// What happened.
    public enum Event: Sendable, Equatable {
        case made(Number)
        case removed(Number)
        /// The directory itself is gone: its number means nothing any more.
        case ended(Number)
        /// Events were lost.
        case overflow
    }

    private static let bufferBytes = 16_384
    /// More wait in the kernel for the next call.
    private static let readsPerCall = 256
    private static let mask = UInt32(
        IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK)

    private let descriptor: FileDescriptor
    private let buffer: UnsafeMutableRawBufferPointer

    /// Nothing is watched at first.
    public init() throws(SystemError) {
        let created = attempt { Int(inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))) }
        descriptor = FileDescriptor(inherited: Int32(try created.orThrow("inotify_init1")))
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: DirectoryWatch.bufferBytes, alignment: 8)
    }

    deinit {
        unsafe buffer.deallocate()
    }

    /// Watches a directory from now on. One that is watched already keeps its number. The error `.noSpace` means that the user has no
    /// watch left (fs.inotify.max_user_watches).
    public borrowing func add(_ path: borrowing PathBuffer) throws(SystemError) -> Number {
        let number = descriptor.number
        let outcome = unsafe path.withPath { name in
            attempt { unsafe Int(inotify_add_watch(number, name, DirectoryWatch.mask)) }
        }
        return Number(value: Int32(try outcome.orThrow("inotify_add_watch")))
    }

    /// Watches a directory no more. One that is gone already stays so.
    public borrowing func remove(_ number: Number) {
        _ = attempt { Int(inotify_rm_watch(descriptor.number, number.value)) }
    }

    /// Hands over all that happened since the last call, in its order. It never waits, and allocates nothing.
    public mutating func takeEvents(_ body: (Event) -> Void) throws(SystemError) {
        let number = descriptor.number
        for _ in 0..<DirectoryWatch.readsPerCall {
            let outcome = attempt {
                guard let base = unsafe buffer.baseAddress else { return 0 }
                return unsafe Glibc.read(number, base, buffer.count)
            }
            switch outcome {
            case .value(let count):
                unsafe DirectoryWatch.read(UnsafeRawBufferPointer(rebasing: buffer[..<count]), body)
            case .failure(.wouldBlock): return
            case .failure(let code): throw SystemError(call: "read(inotify)", code: code)
            }
        }
        // So many in one go: whatever they say, listing again says it too.
        body(.overflow)
    }

    private static func read(_ events: UnsafeRawBufferPointer, _ body: (Event) -> Void) {
        let headBytes = MemoryLayout<inotify_event>.size
        var offset = 0
        while offset + headBytes <= events.count {
            let event = unsafe events.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            if let said = meaning(event) { body(said) }
            offset += headBytes + Int(event.len)
        }
    }

    private static func meaning(_ event: inotify_event) -> Event? {
        let number = Number(value: event.wd)
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return .overflow }
        if event.mask & UInt32(IN_IGNORED) != 0 { return .ended(number) }
        guard event.mask & UInt32(IN_ISDIR) != 0 else { return nil }
        if event.mask & UInt32(IN_CREATE | IN_MOVED_TO) != 0 { return .made(number) }
        if event.mask & UInt32(IN_DELETE | IN_MOVED_FROM) != 0 { return .removed(number) }
        return nil
    }
}
