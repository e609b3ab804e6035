internal import COpenSSL

/// From OpenSSL's error queue to what the log and the counters tell.
extension OpenSSL {
    /// Why the call that was made last failed.
    ///
    /// - Parameter verification: what the check of the client's certificate gave, if there was one.
    func diagnose(_ verification: Int) -> TLSFailure {
        guard ERR_GET_LIB(error) == ERR_LIB_SSL else { return TLSFailure(kind: .other, text: errorText) }
        let reason = ERR_GET_REASON(error)
        if reason == SSL_R_CERTIFICATE_VERIFY_FAILED { return diagnoseCertificate(verification) }
        return TLSFailure(kind: OpenSSL.kind(of: reason), text: errorText)
    }

    private func diagnoseCertificate(_ verification: Int) -> TLSFailure {
        switch Int32(truncatingIfNeeded: verification) {
        case X509_V_ERR_APPLICATION_VERIFICATION:
            return TLSFailure(kind: .nameNotAllowed, text: "no name in the client's certificate is allowed")
        case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID:
            return TLSFailure(kind: .certificateExpired, text: verificationText(verification))
        default:
            return TLSFailure(kind: .certificateRefused, text: verificationText(verification))
        }
    }

    private func verificationText(_ verification: Int) -> String {
        guard let text = unsafe table.pointee.X509_verify_cert_error_string(verification) else {
            return "the client's certificate is refused"
        }
        return unsafe "the client's certificate is refused: " + String(cString: text)
    }

    private static func kind(of reason: Int32) -> TLSFailure.Kind {
        switch reason {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: .plainHTTP
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_PACKET_LENGTH_TOO_LONG: .notTLS
        case SSL_R_NO_SHARED_CIPHER, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH,
            SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SUITABLE_GROUPS, SSL_R_NO_SHARED_GROUPS,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_APPLICATION_PROTOCOL,
            SSL_R_INAPPROPRIATE_FALLBACK:
            .nothingInCommon
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: .certificateMissing
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: .peerLeft
        case SSL_AD_REASON_OFFSET...: .refusedByPeer
        default: .other
        }
    }
}
