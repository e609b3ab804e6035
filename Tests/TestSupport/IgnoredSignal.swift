import Glibc

/// Does something while a signal is ignored that would end the process, as the program blocks SIGPIPE.
public func ignoring<Result>(_ number: Int32, _ body: () throws -> Result) rethrows -> Result {
    let before = signal(number, SIG_IGN)
    defer { signal(number, before) }
    return try body()
}
