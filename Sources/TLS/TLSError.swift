/// Why a context cannot be made: one line for the operator that names the thing. It never holds key material.
public struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line.
    public let message: String

    /// An error with this line.
    public init(_ message: String) {
        self.message = message
    }

    /// The line.
    public var description: String { message }
}

/// Why a session ended before its time.
public struct TLSFailure: Equatable, Sendable, CustomStringConvertible {
    /// What a log or a counter tells failures apart by.
    public enum Kind: Sendable {
        /// A request without TLS. Nothing was sent, so it can be answered without TLS, once.
        case plainHTTP
        /// What came is not TLS.
        case notTLS
        /// No version, cipher, group, signature or application protocol that both sides speak.
        case nothingInCommon
        case certificateMissing
        /// The client's certificate does not come from the client CA, or is not for this use.
        case certificateRefused
        /// The client's certificate, or one above it, is out of date.
        case certificateExpired
        /// None of the names in the client's certificate is allowed.
        case nameNotAllowed
        /// The client ended it by an alert, such as when it does not trust the server's certificate.
        case refusedByPeer
        /// The client closed or lost the connection in the middle.
        case peerLeft
        /// Anything else that broke the protocol.
        case other
    }

    /// What went wrong, among few.
    public let kind: Kind
    /// OpenSSL's or the kernel's words for it, without anything that the peer chose.
    public let text: String

    /// The words.
    public var description: String { text }
}

/// How far the handshake is.
public enum TLSStep: Equatable, Sendable {
    /// Requests may be there already: receive at once.
    case done
    case wantsRead
    case wantsWrite
    /// What OpenSSL had to tell the peer is sent, so far as the kernel took it; shut the socket and let the peer read it.
    case failed(TLSFailure)
}

/// What moving bytes over a session gave.
public enum TLSTransfer: Equatable, Sendable {
    case bytes(Int)
    /// Nothing moved until the socket is readable; sending may say so too.
    case wantsRead
    /// Nothing moved until the socket is writable; receiving may say so too.
    case wantsWrite
    /// The peer will send no more.
    case endOfFile
    case failed(TLSFailure)
}
