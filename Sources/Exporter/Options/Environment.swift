import Bytes

/// The variables of the environment that set defaults.
struct Environment {
    /// What `EXPORTER_PORT` says.
    struct Port: Equatable {
        /// The port of every address that is not named; nil if nothing says so.
        var number: UInt16?
        /// The variable is not for us, in words for people; nil if it is.
        var warning: String?
    }

    private let lookup: (String) -> String?

    init(_ lookup: @escaping (String) -> String?) {
        self.lookup = lookup
    }

    /// Reads a variable; an empty one counts as unset, which is what compose files make of a missing value.
    func read(_ name: String, _ body: (String) throws(WrongValue) -> Void) throws(WrongValue) {
        guard let text = lookup(name), !text.isEmpty else { return }
        do throws(WrongValue) {
            try body(text)
        } catch {
            throw WrongValue("the value '\(text)' is invalid for the environment variable \(name): \(error)")
        }
    }

    /// Sets a time to what an option says, or else to what a variable says, if there is either.
    func set<Span: TimeSpan>(_ setting: inout Span, to option: Span?, or name: String) throws(WrongValue) {
        if let option {
            setting = option
        } else {
            try read(name) { (text) throws(WrongValue) in setting = try Span(parsing: text) }
        }
    }

    /// The port of every address that is not named. An address such as `tcp://10.0.0.7:9091` is no port, and nobody meant it as
    /// one: Kubernetes gives it to each container in a namespace with a Service called `exporter`.
    func port() throws(WrongValue) -> Port {
        var port = Port()
        try read("EXPORTER_PORT") { (text) throws(WrongValue) in
            guard Environment.isAddressWithScheme(text) else {
                port.number = try Parsing.port(text)
                return
            }
            port.warning =
                "EXPORTER_PORT=\(text) is not used, since it is an address and no port: Kubernetes sets it for a Service called "
                + "'exporter'; --web.listen-address sets the port, and enableServiceLinks: false keeps the variable away"
        }
        return port
    }

    /// Whether a text begins as a URI with an authority does: a scheme, a colon and two slashes. See RFC 3986 section 3.1.
    private static func isAddressWithScheme(_ text: String) -> Bool {
        guard let end = text.firstRange(of: "://")?.lowerBound, let first = text.utf8.first else { return false }
        return first.isASCIILetter
            && text[..<end].utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "+-.".utf8.contains($0) }
    }
}

extension UInt8 {
    /// A letter from A to Z, small or capital.
    fileprivate var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
