import CBuildInfo

/// What this program was built from.
enum Build {
    static let version = "0.1.0"
    static var revision: String { unsafe String(cString: pyjoules_revision()) }

    static var swift: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #else
            "6.3"
        #endif
    }
}
