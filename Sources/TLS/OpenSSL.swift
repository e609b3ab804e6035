internal import COpenSSL

/// The loaded library. All calls go through its table, which lives as long as the process; see `copenssl_load`.
@safe
struct OpenSSL {
    let table: UnsafePointer<copenssl>

    /// Loads the library when it is needed first.
    static func load() throws(TLSError) -> OpenSSL {
        var text = InlineArray<512, CChar>(repeating: 0)
        var span = text.mutableSpan
        let outcome: Result<OpenSSL, TLSError> = unsafe span.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .failure(TLSError("no memory")) }
            if let table = unsafe copenssl_load(base, buffer.count) { return unsafe .success(OpenSSL(table: table)) }
            return unsafe .failure(TLSError(String(cString: base)))
        }
        return try outcome.get()
    }

    /// Forgets the errors of calls before: the queue is one for the whole thread, and what lies in it would speak for
    /// the next call of any session.
    func clearErrors() {
        unsafe table.pointee.ERR_clear_error()
    }

    /// The first error since the queue was cleared, which is the cause of those after it; 0 if there is none.
    var error: CUnsignedLong { unsafe table.pointee.ERR_peek_error() }

    /// Whether the first error is this one.
    func failed(_ reason: Int32, of part: Int32) -> Bool {
        ERR_GET_LIB(error) == part && ERR_GET_REASON(error) == reason
    }

    /// OpenSSL's words for the first error.
    var errorText: String {
        guard let text = unsafe table.pointee.ERR_reason_error_string(error) else { return "error \(error)" }
        return unsafe String(cString: text)
    }

    /// What a function of OpenSSL writes, as text of at most 512 bytes; empty if it fails.
    func textWritten(by write: (OpaquePointer) -> Bool) -> String {
        guard let output = unsafe table.pointee.BIO_new(table.pointee.BIO_s_mem()) else { return "" }
        defer { unsafe _ = table.pointee.BIO_free(output) }
        guard unsafe write(output) else { return "" }
        return unsafe String(unsafeUninitializedCapacity: 512) { buffer in
            unsafe max(0, Int(table.pointee.BIO_read(output, buffer.baseAddress, Int32(buffer.count))))
        }
    }

    /// Lends bytes as an input that OpenSSL can read.
    func withInput<Result>(
        of bytes: [UInt8], called thing: String, _ body: (OpaquePointer) throws(TLSError) -> Result
    ) throws(TLSError) -> Result {
        try unsafe bytes.span.withUnsafeBytes { (bytes) throws(TLSError) in
            guard let length = Int32(exactly: bytes.count),
                let input = unsafe table.pointee.BIO_new_mem_buf(bytes.baseAddress ?? UnsafeRawPointer(table), length)
            else { throw TLSError("\(thing) is too long") }
            defer { unsafe _ = table.pointee.BIO_free(input) }
            return try unsafe body(input)
        }
    }
}
