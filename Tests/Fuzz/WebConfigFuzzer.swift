import Passwords
import TLS
import WebConfig

/// Feeds any bytes to the reader of web configuration files and checks what must hold for all of them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWebConfiguration(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count).span
    do {
        check(try WebConfiguration(yaml: bytes, directory: "/etc/exporter", credentialsDirectory: nil))
    } catch {
        precondition(error.line >= 1 && error.line <= count + 1)
        precondition(error.message.utf8.count < 1000)
        precondition(error.message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }
    return 0
}

/// What is accepted is within the limits that others rely on.
private func check(_ configuration: WebConfiguration) {
    for header in configuration.headers {
        precondition(!header.value.isEmpty && !header.value.utf8.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 })
    }
    precondition(configuration.headers.count <= 5)
    for user in configuration.users {
        precondition((4...18).contains(user.hash.cost))
        // Whoever can never log in, as a warning says, may have any name.
        guard user.hash != .ofNobody else { continue }
        precondition(!user.name.utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: ":") })
    }
    if let limit = configuration.rateLimit {
        // Without a burst every request is refused, which is warned of.
        precondition(limit.burst >= 0 && limit.intervalNanoseconds > 0)
        precondition(!UInt64(limit.burst).multipliedReportingOverflow(by: limit.intervalNanoseconds).overflow)
    }
    guard let tls = configuration.tls else { return }
    for path in tls.paths { precondition(path.hasPrefix("/") && !path.utf8.contains(0)) }
    let settings = tls.settings
    precondition(settings.minimumVersion <= settings.maximumVersion)
    precondition(settings.allowedSubjectAlternativeNames.isEmpty || settings.clientAuthentication == .requireAndVerify)
    precondition(tls.clientAuthorities == nil || settings.clientAuthentication != .none)
    precondition(tls.clientAuthorities != nil || !settings.clientAuthentication.verifies)
}
