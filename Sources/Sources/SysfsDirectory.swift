import Kernel

/// Reads the small attributes of one directory of sysfs at start-up; what is wrong with one becomes the reason of a refusal.
struct SysfsDirectory {
    let path: String

    /// What an attribute shows, up to the first line feed.
    func text(_ attribute: String) throws(UnusableAttribute) -> String {
        do {
            return try read(attribute)
        } catch {
            throw UnusableAttribute(attribute, error.code)
        }
    }

    /// The same, or nil if there is no such attribute.
    func textIfPresent(_ attribute: String) throws(UnusableAttribute) -> String? {
        do {
            return try read(attribute)
        } catch  where error.code == .notFound {
            return nil
        } catch {
            throw UnusableAttribute(attribute, error.code)
        }
    }

    /// The same, or nil for whatever reason it cannot be read: for attributes that are a bonus.
    func textIfReadable(_ attribute: String) -> String? {
        do {
            return try read(attribute)
        } catch {
            return nil
        }
    }

    /// There is such an attribute, whether or not it may be read.
    func has(_ attribute: String) -> Bool {
        do throws(SystemError) {
            _ = try FileStatus(at: "\(path)/\(attribute)")
            return true
        } catch {
            return false
        }
    }

    private func read(_ attribute: String) throws(SystemError) -> String {
        let bytes = try Files.readOnce("\(path)/\(attribute)")
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }

    /// What an attribute shows, understood by `parse`; the refusal of one that is not understood shows it.
    func value<Value>(
        _ attribute: String, _ parse: (String) -> Value?
    ) throws(UnusableAttribute) -> Value {
        let text = try text(attribute)
        guard let value = parse(text) else { throw UnusableAttribute(attribute, shows: text) }
        return value
    }

    /// The names in the directory; none if there is no such directory, since most machines lack most of them.
    var names: [String] {
        do {
            return try Files.names(in: path)
        } catch {
            return []
        }
    }
}

/// An attribute that is missing, unreadable or makes no sense.
struct UnusableAttribute: Error {
    let reason: RefusedZone.Reason

    init(reason: RefusedZone.Reason) {
        self.reason = reason
    }

    init(_ attribute: String, _ code: ErrorCode) {
        reason = .badAttribute("\(attribute): \(code)")
    }

    init(_ attribute: String, shows text: String) {
        reason = .badAttribute("\(attribute) is \"\(text)\"")
    }
}
