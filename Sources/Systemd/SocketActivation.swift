import CSystemd
import Glibc
public import Kernel

/// The sockets that systemd opened for this service. See sd_listen_fds(3).
public enum SocketActivation {
    /// Hands over each inherited descriptor with its name, once: the environment variables that announce them are removed.
    ///
    /// - Returns: how many there were; 0 without socket activation.
    @discardableResult
    public static func takeDescriptors<Failure: Error>(
        _ body: (String, consuming FileDescriptor) throws(Failure) -> Void
    ) throws(Failure) -> Int {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe Int(sd_listen_fds_with_names(1, &names))
        defer { unsafe free(names) }
        guard count > 0 else { return 0 }
        for offset in 0..<count {
            let name = unsafe names?[offset]
            defer { unsafe free(name) }
            let text = unsafe name.map { unsafe String(cString: $0) } ?? "unknown"
            try body(text, FileDescriptor(inherited: SD_LISTEN_FDS_START + Int32(offset)))
        }
        return count
    }
}
