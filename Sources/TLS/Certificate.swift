internal import COpenSSL

/// A certificate, owned.
@safe
struct Certificate: ~Copyable {
    let handle: OpaquePointer
    private let library: OpenSSL

    /// More certificates in one file are a mistake, and each costs work in every handshake or verification.
    static let mostInOneFile = 1024

    private init(_ handle: OpaquePointer, _ library: OpenSSL) {
        unsafe self.handle = handle
        self.library = library
    }

    deinit {
        unsafe library.table.pointee.X509_free(handle)
    }

    /// Lends the certificates of a PEM file, one after the other, with their index. What else lies in the file is passed over.
    ///
    /// - Parameter thing: what the file is to the operator, such as "the certificate".
    static func forEach(
        in pem: [UInt8], called thing: String, _ library: OpenSSL,
        _ body: (borrowing Certificate, Int) throws(TLSError) -> Void
    ) throws(TLSError) {
        try unsafe library.withInput(of: pem, called: thing) { (input) throws(TLSError) in
            for index in 0..<mostInOneFile {
                library.clearErrors()
                guard let handle = unsafe library.table.pointee.PEM_read_bio_X509(input, nil, refusePassphrase, nil)
                else {
                    guard library.failed(PEM_R_NO_START_LINE, of: ERR_LIB_PEM) else {
                        throw TLSError("\(thing) cannot be parsed: \(library.errorText)")
                    }
                    guard index > 0 else {
                        throw TLSError("\(thing) cannot be parsed: it holds no certificate in PEM form")
                    }
                    return
                }
                try unsafe body(Certificate(handle, library), index)
            }
            throw TLSError("\(thing) has more than \(mostInOneFile) certificates")
        }
    }

    /// The distinguished name in RFC 2253's form; if it is empty, as with names in the extension alone, the first of those.
    var subject: String {
        let text = unsafe library.textWritten { output in
            let name = unsafe library.table.pointee.X509_get_subject_name(handle)
            return unsafe library.table.pointee.X509_NAME_print_ex(output, name, 0, copenssl_name_flags) >= 0
        }
        if !text.isEmpty { return text }
        var first = ""
        _ = unsafe SubjectNames.contains(in: handle, library) { name in
            unsafe first = String(decoding: name, as: UTF8.self)
            return true
        }
        return first
    }

    /// When it ends, in seconds of Unix time.
    func notAfterUnixSeconds() throws(TLSError) -> Int64 {
        let epoch = unsafe library.table.pointee.ASN1_TIME_set(nil, 0)
        defer { unsafe library.table.pointee.ASN1_TIME_free(epoch) }
        var (days, seconds): (Int32, Int32) = (0, 0)
        let end = unsafe library.table.pointee.X509_get0_notAfter(handle)
        guard unsafe library.table.pointee.ASN1_TIME_diff(&days, &seconds, epoch, end) == 1 else {
            throw TLSError("the certificate's end cannot be read")
        }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}

/// A private key, owned.
@safe
struct PrivateKey: ~Copyable {
    let handle: OpaquePointer
    private let library: OpenSSL

    init(pem: [UInt8], _ library: OpenSSL) throws(TLSError) {
        let handle = try unsafe library.withInput(of: pem, called: "the key") { (input) throws(TLSError) in
            library.clearErrors()
            var needsPassphrase = false
            if let handle = unsafe library.table.pointee.PEM_read_bio_PrivateKey(
                input, nil, refusePassphrase, &needsPassphrase)
            {
                return unsafe handle
            }
            if needsPassphrase { throw TLSError("the key is encrypted: store it without a passphrase") }
            throw TLSError("the key cannot be parsed: \(library.errorText)")
        }
        unsafe self.handle = handle
        self.library = library
    }

    deinit {
        unsafe library.table.pointee.EVP_PKEY_free(handle)
    }
}

/// The names of a certificate's extension for subject alternative names, without its IP addresses.
enum SubjectNames {
    /// Whether there is a DNS name, mail address or URI that the closure accepts.
    static func contains(
        in certificate: OpaquePointer?, _ library: OpenSSL, where accepts: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Bool {
        let extensionValue = unsafe library.table.pointee.X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil)
        guard let names = unsafe extensionValue.map({ OpaquePointer($0) }) else { return false }
        defer { unsafe library.table.pointee.GENERAL_NAMES_free(names) }
        for index in 0..<(unsafe library.table.pointee.OPENSSL_sk_num(names)) {
            guard let element = unsafe library.table.pointee.OPENSSL_sk_value(names, index) else { continue }
            let name = unsafe element.assumingMemoryBound(to: GENERAL_NAME.self)
            guard unsafe [GEN_DNS, GEN_EMAIL, GEN_URI].contains(name.pointee.type) else { continue }
            var type: Int32 = 0
            guard let value = unsafe library.table.pointee.GENERAL_NAME_get0_value(name, &type) else { continue }
            let text = unsafe value.assumingMemoryBound(to: ASN1_STRING.self)
            let bytes = unsafe UnsafeBufferPointer(
                start: library.table.pointee.ASN1_STRING_get0_data(text),
                count: Int(library.table.pointee.ASN1_STRING_length(text)))
            if unsafe accepts(bytes) { return true }
        }
        return false
    }
}

/// Answers OpenSSL's question for a passphrase, which it would ask on the terminal otherwise: there is none. Tells that it was
/// asked. See pem_password_cb(3ssl).
private let refusePassphrase:
    @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
        _, _, _, wasAsked in
        unsafe wasAsked?.storeBytes(of: true, as: Bool.self)
        return -1
    }
