/// How the paths in the file are meant.
struct PathRules {
    /// Where relative paths begin.
    let directory: String
    /// What `${CREDENTIALS_DIRECTORY}` at the beginning of a path stands for, if systemd passed credentials. See
    /// systemd.exec(5), LoadCredential=.
    let credentialsDirectory: String?

    private static let credentialsVariable = "${CREDENTIALS_DIRECTORY}"
    /// PATH_MAX without the NUL.
    private static let longestBytes = 4095

    func resolve(_ written: String, _ section: Section, _ key: String) throws(WebConfigurationError) -> String {
        // Where no `|` tells YAML to keep line breaks, the lines of a key in PEM become one line with blanks.
        guard written.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), !Quoting.isSecret(written) else {
            throw section.failure(key, "it is not a path; PEM text belongs in \(key.dropLast("_file".count))")
        }
        var path = written
        if path.hasPrefix(PathRules.credentialsVariable) {
            guard let credentialsDirectory else {
                throw section.failure(
                    key, "CREDENTIALS_DIRECTORY is not set; it is where the service has LoadCredential=")
            }
            path = credentialsDirectory + path.dropFirst(PathRules.credentialsVariable.count)
        }
        if !path.hasPrefix("/") { path = directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)" }
        guard path.utf8.count <= PathRules.longestBytes else { throw section.failure(key, "the path is too long") }
        return path
    }
}
