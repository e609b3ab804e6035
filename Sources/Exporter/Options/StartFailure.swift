import Kernel

/// Why the program cannot start, in words that name the thing and the remedy.
struct StartFailure: Error {
    let message: String
}

extension Configuration {
    /// Directories that the user named must be there. One that may not be listed can still hold files that may be read.
    func checkDirectories() throws(StartFailure) {
        for directory in mustExist {
            do throws(SystemError) {
                _ = try Files.names(in: directory)
            } catch  where error.code == .notFound || error.code == .notADirectory {
                throw StartFailure(message: "cannot use the directory \(directory): \(error.code)")
            } catch {
                continue
            }
        }
    }
}
