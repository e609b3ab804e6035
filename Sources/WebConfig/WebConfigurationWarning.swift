/// Something in a web configuration file that is taken and does not do what it seems to be for, in one sentence that never quotes
/// a key, a hash or a password.
public struct WebConfigurationWarning: Equatable, Sendable {
    /// Counted from 1.
    public let line: Int
    /// What is wrong, without the line.
    public let message: String

    init(line: Int, _ message: String) {
        self.line = line
        self.message = message
    }
}
