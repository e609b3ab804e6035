internal import COpenSSL
internal import Kernel

/// One connection's TLS. Nothing here waits: each step does what the socket allows and says what it needs next.
///
/// It uses the socket by number, so the socket must stay open until the session is gone.
@safe
public struct TLSSession: ~Copyable {
    private let core: ContextCore
    /// OpenSSL's SSL.
    private let handle: OpaquePointer
    private let socket: UnsafeMutablePointer<copenssl_socket>
    private var isEstablished = false
    /// A session that failed stays failed.
    private var failure: TLSFailure?
    /// There is something to receive that epoll does not know of, because it was taken from the socket already. Then `receive`
    /// gives an answer at once. A record that is not complete yet does not count.
    public private(set) var hasPendingBytes = false

    /// Records without content that came since something was sent last: each costs as much as a short request, and no client
    /// needs more than a few. There are key updates, attempts to renegotiate, warnings, and records that are empty.
    private var emptyRecords = 0
    /// A client may send so many records without content, such as key updates, before something is sent to it again.
    public static let mostEmptyRecords = 32

    init(_ core: ContextCore, _ descriptor: borrowing FileDescriptor, pieceBytes: Int) throws(TLSError) {
        let functions = unsafe core.library.table
        core.library.clearErrors()
        guard let handle = unsafe functions.pointee.SSL_new(core.handle) else {
            throw TLSError("OpenSSL makes no session: \(core.library.errorText)")
        }
        let socket = UnsafeMutablePointer<copenssl_socket>.allocate(capacity: 1)
        descriptor.withNumber { number in
            unsafe socket.initialize(
                to: copenssl_socket(
                    descriptor: number, piece_bytes: Int32(clamping: pieceBytes), may_receive: false, records: 0,
                    error: 0,
                    ended: false))
        }
        guard let transport = unsafe copenssl_socket_bio(functions, socket) else {
            unsafe functions.pointee.SSL_free(handle)
            unsafe socket.deallocate()
            throw TLSError("OpenSSL makes no session: no memory")
        }
        unsafe functions.pointee.SSL_set_bio(handle, transport, transport)
        unsafe functions.pointee.SSL_set_accept_state(handle)
        unsafe copenssl_count_records(functions, handle, socket)
        self.core = core
        unsafe self.handle = handle
        unsafe self.socket = socket
    }

    /// Sends nothing: the socket may be gone.
    deinit {
        unsafe core.library.table.pointee.SSL_free(handle)
        unsafe socket.deallocate()
    }

    /// Goes on with the handshake.
    public mutating func handshake() -> TLSStep {
        if let failure { return .failed(failure) }
        if isEstablished { return .done }
        beginStep()
        let result = unsafe core.library.table.pointee.SSL_do_handshake(handle)
        if result == 1 {
            isEstablished = true
            hasPendingBytes = hasBufferedBytes
            return .done
        }
        switch outcome(of: result) {
        case .wantsRead: return .wantsRead
        case .wantsWrite: return .wantsWrite
        case .failed(let failure): return .failed(failure)
        case .bytes, .endOfFile:
            return .failed(fail(.peerLeft, "the client closed the connection during the handshake"))
        }
    }

    /// Takes what arrived, as much as fits, in one call of recv(2). The handshake must be done. A client that sends one record
    /// without content after the other fails.
    public mutating func receive(into output: inout OutputSpan<UInt8>) -> TLSTransfer {
        precondition(isEstablished && output.freeCapacity > 0)
        if let failure { return .failed(failure) }
        beginStep()
        var contents = 0
        let transfer = receive(into: &output, &contents)
        emptyRecords = max(0, emptyRecords + Int(unsafe socket.pointee.records) - contents)
        guard emptyRecords > TLSSession.mostEmptyRecords else { return transfer }
        hasPendingBytes = false
        return .failed(fail(.other, "the client sent too many records without content"))
    }

    /// Takes what arrived, and counts the pieces.
    private mutating func receive(into output: inout OutputSpan<UInt8>, _ contents: inout Int) -> TLSTransfer {
        var count = 0
        repeat {
            switch read(into: &output) {
            case .bytes(let more):
                count += more
                contents += 1
            case .wantsRead:
                hasPendingBytes = false
                return count > 0 ? .bytes(count) : .wantsRead
            case .wantsWrite:
                hasPendingBytes = false
                return count > 0 ? .bytes(count) : .wantsWrite
            case .endOfFile:
                hasPendingBytes = count > 0
                return count > 0 ? .bytes(count) : .endOfFile
            case .failed(let failure):
                hasPendingBytes = count > 0
                return count > 0 ? .bytes(count) : .failed(failure)
            }
        } while output.freeCapacity > 0 && hasBufferedBytes
        hasPendingBytes = hasBufferedBytes
        return .bytes(count)
    }

    /// Sends two pieces as one, as much of them as the socket takes, in records as long as possible. The handshake must be done.
    ///
    /// After an answer that is less than all, the next call must begin with the bytes that were not taken (at any address,
    /// divided in any way): a record of them may be on its way already.
    public mutating func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> TLSTransfer {
        precondition(isEstablished)
        if let failure { return .failed(failure) }
        emptyRecords = 0
        beginStep()
        let total = first.count + second.count
        var taken = 0
        while taken < total {
            let transfer = sendRecord(first, second, after: taken)
            guard case .bytes(let more) = transfer else { return taken > 0 ? .bytes(taken) : transfer }
            taken += more
        }
        return .bytes(total)
    }

    /// Tells the peer that nothing more will be sent, if the socket takes it at once. Nothing can be sent afterwards.
    public mutating func close() {
        guard isEstablished, failure == nil else { return }
        beginStep()
        _ = unsafe core.library.table.pointee.SSL_shutdown(handle)
        core.library.clearErrors()
        _ = fail(.other, "the session was closed")
    }

    private var hasBufferedBytes: Bool { unsafe core.library.table.pointee.SSL_has_pending(handle) == 1 }

    private func beginStep() {
        core.library.clearErrors()
        unsafe socket.pointee.may_receive = true
        unsafe socket.pointee.records = 0
    }

    /// Takes what one record holds, at most.
    private mutating func read(into output: inout OutputSpan<UInt8>) -> TLSTransfer {
        let functions = unsafe core.library.table
        let handle = unsafe self.handle
        var count = 0
        let result = unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
            guard let base = buffer.baseAddress else { return Int32(0) }
            let result = unsafe functions.pointee.SSL_read_ex(
                handle, base + initialized, buffer.count - initialized, &count)
            if result == 1 { initialized += count }
            return result
        }
        return result == 1 ? .bytes(count) : outcome(of: result)
    }

    /// Sends the next record of what is left.
    private mutating func sendRecord(_ first: Span<UInt8>, _ second: Span<UInt8>, after taken: Int) -> TLSTransfer {
        let left = first.count + second.count - taken
        let end = taken + min(left, ContextCore.recordBytes)
        if end <= first.count { return write(first.extracting(taken..<end)) }
        if taken >= first.count { return write(second.extracting(taken - first.count..<end - first.count)) }
        let record = unsafe core.record
        let head = first.extracting(taken..<first.count)
        let body = second.extracting(0..<end - first.count)
        unsafe head.withUnsafeBytes { unsafe record.copyMemory(from: $0) }
        unsafe body.withUnsafeBytes {
            unsafe UnsafeMutableRawBufferPointer(rebasing: record[head.count...]).copyMemory(from: $0)
        }
        return unsafe write(UnsafeRawBufferPointer(rebasing: record[..<(end - taken)]))
    }

    private mutating func write(_ bytes: Span<UInt8>) -> TLSTransfer {
        unsafe bytes.withUnsafeBytes { unsafe write($0) }
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) -> TLSTransfer {
        var count = 0
        let result = unsafe core.library.table.pointee.SSL_write_ex(handle, bytes.baseAddress, bytes.count, &count)
        return result == 1 ? .bytes(count) : outcome(of: result)
    }

    /// What a call that did not succeed means. See SSL_get_error(3ssl).
    private mutating func outcome(of result: Int32) -> TLSTransfer {
        switch unsafe core.library.table.pointee.SSL_get_error(handle, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .endOfFile
        case SSL_ERROR_SSL:
            let found = unsafe core.library.diagnose(core.library.table.pointee.SSL_get_verify_result(handle))
            core.library.clearErrors()
            return .failed(fail(found.kind, found.text))
        default:
            let code = unsafe socket.pointee.error
            core.library.clearErrors()
            return .failed(
                fail(.peerLeft, code == 0 ? "the client closed the connection" : "\(ErrorCode(number: code))"))
        }
    }

    private mutating func fail(_ kind: TLSFailure.Kind, _ text: String) -> TLSFailure {
        let failure = TLSFailure(kind: kind, text: text)
        self.failure = failure
        return failure
    }
}
