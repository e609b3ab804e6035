internal import COpenSSL

/// What a context and its sessions share: a replaced context lives until its last session ends.
@safe
final class ContextCore {
    let library: OpenSSL
    /// OpenSSL's SSL_CTX.
    let handle: OpaquePointer
    private let clientAuthentication: ClientAuthentication
    /// As they are compared with DNS names, mail addresses and URIs.
    private let allowedNames: [[UInt8]]
    /// The same, ended by zeros, as they are compared with IP addresses.
    private let allowedNamesAsC: [ContiguousArray<CChar>]
    /// Where the end of a response's head and the start of its body are brought together to one record. One for all sessions:
    /// nothing stays in it between two calls.
    let record: UnsafeMutableRawBufferPointer
    /// What one record holds at most. See RFC 8446 section 5.1.
    static let recordBytes = 16_384

    init(_ library: OpenSSL, _ settings: TLSSettings) throws(TLSError) {
        library.clearErrors()
        guard let handle = unsafe library.table.pointee.SSL_CTX_new(library.table.pointee.TLS_server_method()) else {
            throw TLSError("OpenSSL makes no context: \(library.errorText)")
        }
        self.library = library
        unsafe self.handle = handle
        clientAuthentication = settings.clientAuthentication
        allowedNames = settings.allowedSubjectAlternativeNames.map { Array($0.utf8) }
        allowedNamesAsC = settings.allowedSubjectAlternativeNames.map { ContiguousArray($0.utf8CString) }
        unsafe record = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.recordBytes, alignment: 16)
    }

    deinit {
        unsafe library.table.pointee.SSL_CTX_free(handle)
        unsafe record.deallocate()
    }

    /// Judges a client's certificate by the settings, with the session's connection already in OpenSSL's hands.
    ///
    /// - Returns: 1 if it is accepted; otherwise 0, and the reason is set in `store`, from which OpenSSL chooses the alert.
    fileprivate func judge(_ store: OpaquePointer?) -> Int32 {
        if clientAuthentication.verifies {
            let result = unsafe library.table.pointee.X509_verify_cert(store)
            guard result > 0 else { return 0 }
        } else {
            unsafe library.table.pointee.X509_STORE_CTX_set_error(store, X509_V_OK)
        }
        guard !allowedNames.isEmpty else { return 1 }
        guard unsafe hasAllowedName(library.table.pointee.X509_STORE_CTX_get0_cert(store)) else {
            unsafe library.table.pointee.X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
            return 0
        }
        return 1
    }

    private func hasAllowedName(_ certificate: OpaquePointer?) -> Bool {
        for name in allowedNamesAsC {
            let isAddress = unsafe name.withUnsafeBufferPointer { name in
                unsafe library.table.pointee.X509_check_ip_asc(certificate, name.baseAddress, 0) == 1
            }
            if isAddress { return true }
        }
        return unsafe SubjectNames.contains(in: certificate, library) { name in
            allowedNames.contains { allowed in unsafe allowed.elementsEqual(name) }
        }
    }

    /// Whether a session that a ticket tells of may be resumed.
    ///
    /// It spares the client a second look at its certificate, but not beyond the certificate's own end. Tickets of another
    /// context cannot be read here, so a new client CA or list of names is in force at once.
    func accepts(_ session: OpaquePointer?) -> Bool {
        guard clientAuthentication.verifies, let peer = unsafe library.table.pointee.SSL_SESSION_get0_peer(session)
        else {
            return true
        }
        let end = unsafe library.table.pointee.X509_get0_notAfter(peer)
        return unsafe library.table.pointee.X509_cmp_current_time(end) > 0
    }
}

/// What OpenSSL asks during a handshake. The context's core is what the last argument points to; every session keeps it.
enum Callbacks {
    static let judgeCertificate: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { store, core in
        guard let core = unsafe core else { return 0 }
        return unsafe Unmanaged<ContextCore>.fromOpaque(core).takeUnretainedValue().judge(store)
    }

    static let judgeTicket:
        @convention(c) (
            OpaquePointer?, OpaquePointer?, UnsafePointer<UInt8>?, Int, SSL_TICKET_STATUS, UnsafeMutableRawPointer?
        ) -> SSL_TICKET_RETURN = { _, session, _, _, status, core in
            let isReadable = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW
            guard isReadable, let core = unsafe core else { return SSL_TICKET_RETURN_IGNORE_RENEW }
            let accepts = unsafe Unmanaged<ContextCore>.fromOpaque(core).takeUnretainedValue().accepts(session)
            guard accepts else { return SSL_TICKET_RETURN_IGNORE_RENEW }
            // TLS 1.3 always renews: a client should show a ticket only once (RFC 8446 appendix C.4), so it needs the next.
            return status == SSL_TICKET_SUCCESS_RENEW ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE
        }

    /// Chooses `http/1.1` among what the client offers, each with its length before it. A client that offers other protocols
    /// only is refused, as RFC 7301 section 3.2 wants it and as nginx and Go do: bytes of HTTP/1.1 would mean something else to
    /// it. One that offers nothing never comes here.
    static let chooseProtocol:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
            UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, chosen, chosenLength, offered, offeredLength, _ in
            let offers = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredLength))
            let wanted: StaticString = "http/1.1"
            var index = 0
            while index < offers.count {
                let start = index + 1
                let end = unsafe start + Int(offers[index])
                guard end <= offers.count else { break }
                let offer = unsafe UnsafeBufferPointer(rebasing: offers[start..<end])
                let isWanted = wanted.withUTF8Buffer { wanted in unsafe offer.elementsEqual(wanted) }
                if isWanted {
                    unsafe chosen?.pointee = offer.baseAddress
                    unsafe chosenLength?.pointee = UInt8(wanted.utf8CodeUnitCount)
                    return SSL_TLSEXT_ERR_OK
                }
                index = end
            }
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }
}
