internal import COpenSSL
public import Kernel

/// The server's side of TLS, ready to accept connections. When certificates or settings change, another one is made; sessions
/// of the old one keep the certificates and settings that they began with.
public struct TLSContext: ~Copyable {
    let core: ContextCore
    /// Whom the server's certificate is for, for the log.
    public let subject: String
    /// When the server's certificate ends, in seconds of Unix time. One that has ended is served all the same: a client
    /// that refuses it tells its operator more than a server that does not start, and some clients do not look.
    public let notAfterUnixSeconds: Int64

    /// Loads OpenSSL if this is the first context, and checks everything that can be checked without a client.
    ///
    /// - Parameters:
    ///   - certificate: the server's certificate and then its intermediates, as PEM.
    ///   - key: the private key as PEM, without a passphrase.
    ///   - clientAuthorities: the certificates that clients' certificates must come from, as PEM, if those are verified. Any
    ///     of them ends a chain, intermediates too.
    public init(
        _ settings: TLSSettings, certificate: [UInt8], key: [UInt8], clientAuthorities: [UInt8]?
    ) throws(TLSError) {
        let library = try OpenSSL.load()
        let core = try ContextCore(library, settings)
        try core.setVersions(settings)
        try core.setCiphers(settings)
        let certificate = try core.setCertificate(certificate, key: key)
        try core.setClients(settings.clientAuthentication, clientAuthorities)
        core.setPolicy(settings)
        self.core = core
        subject = certificate.subject
        notAfterUnixSeconds = certificate.notAfterUnixSeconds
    }

    /// Whether the server's certificate has ended.
    public func isExpired(atUnixSeconds now: Int64) -> Bool { now > notAfterUnixSeconds }

    /// Begins a session on an accepted socket, which must stay open for as long as the session lives.
    ///
    /// - Parameter pieceBytes: the most that is handed to the socket in one call.
    public borrowing func accept(
        on socket: borrowing FileDescriptor, pieceBytes: Int = .max
    ) throws(TLSError) -> TLSSession {
        try TLSSession(core, socket, pieceBytes: pieceBytes)
    }
}

extension ContextCore {
    func setVersions(_ settings: TLSSettings) throws(TLSError) {
        guard settings.minimumVersion <= settings.maximumVersion else {
            throw TLSError("the minimum version of TLS is above the maximum")
        }
        // OpenSSL 3 signs nothing with SHA-1, which these versions are bound to, at any level but the lowest.
        if settings.minimumVersion < .tls12 { unsafe library.table.pointee.SSL_CTX_set_security_level(handle, 0) }
        guard set(SSL_CTRL_SET_MIN_PROTO_VERSION, Int(settings.minimumVersion.rawValue)),
            set(SSL_CTRL_SET_MAX_PROTO_VERSION, Int(settings.maximumVersion.rawValue))
        else { throw TLSError("the versions of TLS are not supported by this OpenSSL") }
    }

    /// Each name is tried alone first: of a list, OpenSSL passes over the names that it does not know.
    func setCiphers(_ settings: TLSSettings) throws(TLSError) {
        let chosen = settings.cipherSuites.filter { !$0.isTLS13 }.map(\.openSSLName)
        let ciphers = chosen.isEmpty ? settings.minimumVersion.usualCiphers : chosen
        try unsafe setList(ciphers, "cipher") { names in
            unsafe library.table.pointee.SSL_CTX_set_cipher_list(handle, names) == 1
        }
        // In Go's order, where AES with keys of 128 bits comes first, and not in OpenSSL's.
        let suites = CipherSuite.all.filter(\.isTLS13).map(\.openSSLName)
        try unsafe setList(suites, "cipher suite") { names in
            unsafe library.table.pointee.SSL_CTX_set_ciphersuites(handle, names) == 1
        }
        try unsafe setList(settings.curves.map(\.openSSLName), "group for the key exchange") { names in
            unsafe set(SSL_CTRL_SET_GROUPS_LIST, 0, UnsafeMutableRawPointer(mutating: names))
        }
    }

    private func setList(
        _ names: [String], _ kind: String, _ set: (UnsafePointer<CChar>) -> Bool
    ) throws(TLSError) {
        guard !names.isEmpty else { return }
        library.clearErrors()
        for name in names where unsafe !name.withCString({ unsafe set($0) }) {
            throw TLSError("OpenSSL knows no \(kind) that is called '\(name)'")
        }
        guard unsafe names.joined(separator: ":").withCString({ unsafe set($0) }) else {
            throw TLSError("OpenSSL refuses '\(names.joined(separator: ":"))': \(library.errorText)")
        }
    }

    /// Sets the certificate with its chain and its key; gives the facts about it that are worth telling.
    func setCertificate(
        _ chain: [UInt8], key: [UInt8]
    ) throws(TLSError) -> (subject: String, notAfterUnixSeconds: Int64) {
        let key = try PrivateKey(pem: key, library)
        var facts = (subject: "", notAfterUnixSeconds: Int64(0))
        try Certificate.forEach(in: chain, called: "the certificate", library) {
            (certificate, index) throws(TLSError) in
            if index == 0 {
                facts = (certificate.subject, try certificate.notAfterUnixSeconds())
                try use(certificate, key)
            } else if unsafe !set(SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(certificate.handle)) {
                throw TLSError("the certificate's chain is refused by OpenSSL: \(library.errorText)")
            }
        }
        return facts
    }

    private func use(_ certificate: borrowing Certificate, _ key: borrowing PrivateKey) throws(TLSError) {
        library.clearErrors()
        guard unsafe library.table.pointee.X509_check_private_key(certificate.handle, key.handle) == 1 else {
            throw TLSError("the key does not belong to the certificate")
        }
        guard unsafe library.table.pointee.SSL_CTX_use_certificate(handle, certificate.handle) == 1 else {
            throw TLSError("the certificate is refused by OpenSSL: \(library.errorText)")
        }
        guard unsafe library.table.pointee.SSL_CTX_use_PrivateKey(handle, key.handle) == 1 else {
            throw TLSError("the key is refused by OpenSSL: \(library.errorText)")
        }
    }

    func setClients(_ authentication: ClientAuthentication, _ authorities: [UInt8]?) throws(TLSError) {
        if let authorities {
            let store = unsafe library.table.pointee.SSL_CTX_get_cert_store(handle)
            try Certificate.forEach(in: authorities, called: "the client CA", library) {
                (certificate, _) throws(TLSError) in
                guard unsafe library.table.pointee.X509_STORE_add_cert(store, certificate.handle) == 1,
                    unsafe library.table.pointee.SSL_CTX_add_client_CA(handle, certificate.handle) == 1
                else { throw TLSError("the client CA is refused by OpenSSL: \(library.errorText)") }
            }
        } else if authentication.verifies {
            throw TLSError("client certificates are to be verified, but there is no client CA")
        }
        guard authentication != .none else { return }
        // What the operator names is trusted, be it a root or not, as Go does it.
        let parameters = unsafe library.table.pointee.SSL_CTX_get0_param(handle)
        _ = unsafe library.table.pointee.X509_VERIFY_PARAM_set_flags(
            parameters, CUnsignedLong(X509_V_FLAG_PARTIAL_CHAIN))
        let mode = SSL_VERIFY_PEER | (authentication.requires ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0)
        unsafe library.table.pointee.SSL_CTX_set_verify(handle, mode, nil)
        unsafe library.table.pointee.SSL_CTX_set_cert_verify_callback(handle, Callbacks.judgeCertificate, reference)
    }

    /// What is the same for every server of ours.
    func setPolicy(_ settings: TLSSettings) {
        var options = copenssl_options_always
        if settings.prefersServerCipherSuites { options |= copenssl_options_server_preference }
        _ = unsafe library.table.pointee.SSL_CTX_set_options(handle, options)
        // Writing gives control back after each record, and a retry may bring the same bytes from elsewhere. An idle session
        // holds no buffers. The chain is what the file says, and not completed from the client CA.
        let modes =
            SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
            | SSL_MODE_NO_AUTO_CHAIN
        _ = set(SSL_CTRL_MODE, Int(modes))
        // A record's header and body come with one call.
        _ = set(SSL_CTRL_SET_READ_AHEAD, 1)
        // Resumption is by tickets alone: they cost no memory here.
        _ = set(SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF))
        _ = unsafe library.table.pointee.SSL_CTX_set_session_ticket_cb(handle, nil, Callbacks.judgeTicket, reference)
        // OpenSSL makes two for each new client; one is renewed whenever it is used.
        _ = unsafe library.table.pointee.SSL_CTX_set_num_tickets(handle, 1)
        // Without it, OpenSSL refuses every resumption where client certificates are asked for.
        let name: StaticString = "pyjoules-exporter"
        _ = unsafe library.table.pointee.SSL_CTX_set_session_id_context(
            handle, name.utf8Start, UInt32(name.utf8CodeUnitCount))
        unsafe library.table.pointee.SSL_CTX_set_alpn_select_cb(handle, Callbacks.chooseProtocol, nil)
    }

    /// How OpenSSL's callbacks find this core. Every session keeps it alive.
    private var reference: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

    private func set(_ command: Int32, _ number: Int) -> Bool {
        unsafe set(command, number, nil)
    }

    private func set(_ command: Int32, _ number: Int, _ argument: UnsafeMutableRawPointer?) -> Bool {
        unsafe library.table.pointee.SSL_CTX_ctrl(handle, command, number, argument) == 1
    }
}

extension TLSVersion {
    /// Ciphers for a server whose oldest version this is: forward secrecy and authenticated encryption, as RFC 9325 section 4.2
    /// wants it; for the forbidden versions also what they have.
    fileprivate var usualCiphers: [String] {
        self >= .tls12
            ? ["ECDHE+AESGCM", "ECDHE+CHACHA20"] : ["ECDHE+AESGCM", "ECDHE+CHACHA20", "ECDHE+AES", "RSA+AES"]
    }
}
