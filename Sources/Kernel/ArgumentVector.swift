import CLinux
import Glibc

/// The words of a command as the kernel takes them: C strings and a null pointer, copied and owned.
///
/// Words are bytes: a file's name need not be UTF-8, so words of our own command line are copied from there and not from a
/// `String`, in which other bytes would have been replaced.
@safe
public struct ArgumentVector: ~Copyable {
    let words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    /// Copies words that are text.
    public init(_ arguments: [String]) {
        self.init(count: arguments.count)
        for (index, argument) in arguments.enumerated() { unsafe words[index] = strdup(argument) }
    }

    /// The last words of the command line by which this program was started.
    public init(lastOfCommandLine count: Int) {
        let first = Int(clinux_argument_count()) - count
        precondition(count >= 0 && first >= 0)
        self.init(count: count)
        for index in 0..<count {
            unsafe words[index] = clinux_argument(Int32(first + index)).flatMap { unsafe strdup($0) }
        }
    }

    private init(count: Int) {
        unsafe words = UnsafeMutablePointer.allocate(capacity: count + 1)
        unsafe words.initialize(repeating: nil, count: count + 1)
        self.count = count
    }

    deinit {
        for index in 0..<count { unsafe free(words[index]) }
        unsafe words.deallocate()
    }
}
