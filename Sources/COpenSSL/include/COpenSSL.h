/// OpenSSL 3, loaded when it is first needed and not when the program starts: linking it costs 1.8 MiB of resident memory in
/// every process, and without a web configuration nothing of TLS is used. Swift calls the functions through a table whose
/// types are those of OpenSSL's own headers.
#ifndef COPENSSL_H
#define COPENSSL_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COPENSSL_SSL_FUNCTIONS(F)                                                                                      \
    F(OPENSSL_init_ssl)                                                                                                \
    F(TLS_server_method)                                                                                               \
    F(SSL_CTX_new)                                                                                                     \
    F(SSL_CTX_free)                                                                                                    \
    F(SSL_CTX_ctrl)                                                                                                    \
    F(SSL_CTX_set_options)                                                                                             \
    F(SSL_CTX_set_security_level)                                                                                      \
    F(SSL_CTX_set_cipher_list)                                                                                         \
    F(SSL_CTX_set_ciphersuites)                                                                                        \
    F(SSL_CTX_use_certificate)                                                                                         \
    F(SSL_CTX_use_PrivateKey)                                                                                          \
    F(SSL_CTX_add_client_CA)                                                                                           \
    F(SSL_CTX_get_cert_store)                                                                                          \
    F(SSL_CTX_get0_param)                                                                                              \
    F(SSL_CTX_set_verify)                                                                                              \
    F(SSL_CTX_set_cert_verify_callback)                                                                                \
    F(SSL_CTX_set_session_id_context)                                                                                  \
    F(SSL_CTX_set_num_tickets)                                                                                         \
    F(SSL_CTX_set_session_ticket_cb)                                                                                   \
    F(SSL_CTX_set_alpn_select_cb)                                                                                      \
    F(SSL_SESSION_get0_peer)                                                                                           \
    F(SSL_new)                                                                                                         \
    F(SSL_free)                                                                                                        \
    F(SSL_set_bio)                                                                                                     \
    F(SSL_ctrl)                                                                                                        \
    F(SSL_set_msg_callback)                                                                                            \
    F(SSL_set_accept_state)                                                                                            \
    F(SSL_do_handshake)                                                                                                \
    F(SSL_read_ex)                                                                                                     \
    F(SSL_write_ex)                                                                                                    \
    F(SSL_has_pending)                                                                                                 \
    F(SSL_shutdown)                                                                                                    \
    F(SSL_get_error)                                                                                                   \
    F(SSL_get_verify_result)

#define COPENSSL_CRYPTO_FUNCTIONS(F)                                                                                   \
    F(ERR_clear_error)                                                                                                 \
    F(ERR_peek_error)                                                                                                  \
    F(ERR_reason_error_string)                                                                                         \
    F(BIO_new)                                                                                                         \
    F(BIO_new_mem_buf)                                                                                                 \
    F(BIO_s_mem)                                                                                                       \
    F(BIO_read)                                                                                                        \
    F(BIO_free)                                                                                                        \
    F(BIO_meth_new)                                                                                                    \
    F(BIO_meth_set_read)                                                                                               \
    F(BIO_meth_set_write)                                                                                              \
    F(BIO_meth_set_ctrl)                                                                                               \
    F(BIO_set_init)                                                                                                    \
    F(BIO_set_data)                                                                                                    \
    F(BIO_get_data)                                                                                                    \
    F(BIO_set_flags)                                                                                                   \
    F(BIO_clear_flags)                                                                                                 \
    F(PEM_read_bio_X509)                                                                                               \
    F(PEM_read_bio_PrivateKey)                                                                                         \
    F(EVP_PKEY_free)                                                                                                   \
    F(X509_free)                                                                                                       \
    F(X509_check_private_key)                                                                                          \
    F(X509_STORE_add_cert)                                                                                             \
    F(X509_VERIFY_PARAM_set_flags)                                                                                     \
    F(X509_verify_cert)                                                                                                \
    F(X509_verify_cert_error_string)                                                                                   \
    F(X509_STORE_CTX_get0_cert)                                                                                        \
    F(X509_STORE_CTX_set_error)                                                                                        \
    F(X509_check_ip_asc)                                                                                               \
    F(X509_get_ext_d2i)                                                                                                \
    F(X509_get_subject_name)                                                                                           \
    F(X509_NAME_print_ex)                                                                                              \
    F(X509_get0_notAfter)                                                                                              \
    F(X509_cmp_current_time)                                                                                           \
    F(GENERAL_NAME_get0_value)                                                                                         \
    F(GENERAL_NAMES_free)                                                                                              \
    F(OPENSSL_sk_num)                                                                                                  \
    F(OPENSSL_sk_value)                                                                                                \
    F(ASN1_STRING_get0_data)                                                                                           \
    F(ASN1_STRING_length)                                                                                              \
    F(ASN1_TIME_set)                                                                                                   \
    F(ASN1_TIME_diff)                                                                                                  \
    F(ASN1_TIME_free)

/// The functions of OpenSSL that are used, each with the type that its header gives it.
struct copenssl {
#define COPENSSL_MEMBER(name) __typeof__(name) *_Nonnull name;
    COPENSSL_SSL_FUNCTIONS(COPENSSL_MEMBER)
    COPENSSL_CRYPTO_FUNCTIONS(COPENSSL_MEMBER)
#undef COPENSSL_MEMBER
    /// Reads and writes a socket; see `struct copenssl_socket`.
    BIO_METHOD *_Nonnull socket_method;
};

/// The table, loaded at the first call; a null pointer with a text in `error` if the libraries or a function are missing.
/// See dlopen(3).
const struct copenssl *_Nullable copenssl_load(char *_Nonnull error, size_t length);

/// Fills a table from libraries of these names; false with a text in `error` that says what is missing.
bool copenssl_resolve(struct copenssl *_Nonnull table, const char *_Nonnull ssl, const char *_Nonnull crypto,
                      char *_Nonnull error, size_t length);

/// The most bytes of one call of recv(2) for a session: a record without content, such as a key update, has 27 and costs more
/// than ten microseconds.
enum { COPENSSL_RECEIVE_BYTES = 2048 };

/// What a session's BIO knows of its socket. It belongs to the session, which frees it after the BIO.
///
/// OpenSSL's own socket BIO raises SIGPIPE, leaves the cause of a failure in errno, and reads as long as the peer sends
/// records without content, such as key updates; this one does none of that.
struct copenssl_socket {
    int descriptor;
    /// The most for one call of send(2): the kernel looks at its limit before it begins to take a piece, not while it does.
    int piece_bytes;
    /// recv(2) may be called once more before the BIO says that there is nothing more for now.
    bool may_receive;
    /// Records that have begun to arrive since this was set to 0.
    unsigned records;
    /// errno of the call that failed for good; 0 if none did.
    int error;
    /// The peer will send no more.
    bool ended;
};

/// A BIO over the socket, which must outlive it; a null pointer if there is no memory.
BIO *_Nullable copenssl_socket_bio(const struct copenssl *_Nonnull table, struct copenssl_socket *_Nonnull socket);

/// Has the records that a session receives counted in `socket`, which must outlive it.
void copenssl_count_records(const struct copenssl *_Nonnull table, SSL *_Nonnull session,
                            struct copenssl_socket *_Nonnull socket);

/// Options for every session, which are macros that do not import.
///
/// No renegotiation, which costs the server more than the client (RFC 9325 section 3.5), and no compression, which tells
/// secrets by lengths (RFC 9325 section 3.3). A peer that closes without a close_notify ends the stream: the length of an HTTP
/// message is told by the message, and many clients never send one.
static const uint64_t copenssl_options_always =
    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF;
/// The server's order of ciphers counts, but a client that puts ChaCha20 first has no fast AES and gets its wish.
static const uint64_t copenssl_options_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
/// RFC 2253's form of a name, with what is not printable escaped, but letters beyond ASCII as they are.
static const unsigned long copenssl_name_flags = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;

#endif
