import Glibc
import TestSupport

/// A script that the shell runs; whoever starts it waits for its end.
struct Shell {
    private let identifier: pid_t

    init(_ script: String, in directory: String) throws {
        let texts = ["sh", "-c", "cd '\(directory)' || exit\n\(script)"]
        var words = texts.map { text in strdup(text) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var identifier: pid_t = 0
        let code = posix_spawnp(&identifier, "sh", nil, nil, words, environ)
        guard code == 0 else { throw ScriptFailure(status: code) }
        self.identifier = identifier
    }

    /// Its status as wait(2) gives it, 0 if it ended well.
    func wait() throws -> Int32 {
        var status: Int32 = 0
        try checked("waitpid", waitpid(identifier, &status, 0))
        return status
    }

    /// Its status if it has ended. To be called no more once it has told.
    func takeEnd() throws -> Int32? {
        var status: Int32 = 0
        return try checked("waitpid", waitpid(identifier, &status, WNOHANG)) == 0 ? nil : status
    }

    func kill() { _ = Glibc.kill(identifier, SIGKILL) }
}

/// A script that ended otherwise than well: its status as wait(2) gives it.
struct ScriptFailure: Error {
    let status: Int32
}
