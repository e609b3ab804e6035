/// A TLS client for tests, stepped by hand like the server: it does things that curl does not, such as asking for
/// renegotiation, and tells what it saw. It uses OpenSSL directly.
#ifndef CTLSCLIENT_H
#define CTLSCLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct tls_client;
struct tls_client_session;

/// All optional. Texts of PEM are ended by zero.
struct tls_client_options {
    /// What the server's certificate must come from; without it, the server is not checked.
    const char *_Nullable authority;
    const char *_Nullable certificate;
    const char *_Nullable key;
    /// 10, 11, 12 or 13 for the only version that is offered; 0 for all.
    int version;
    /// Of TLS 1.3 where that alone is offered, of older versions otherwise.
    const char *_Nullable ciphers;
    /// As on the wire: each with its length before it.
    const char *_Nullable protocols;
    const struct tls_client_session *_Nullable session;
};

enum tls_client_result { TLS_CLIENT_DONE, TLS_CLIENT_WAITS, TLS_CLIENT_CLOSED, TLS_CLIENT_FAILED };

/// Null if an option is not taken. The descriptor stays the caller's.
struct tls_client *_Nullable tls_client_new(int descriptor, struct tls_client_options options);
void tls_client_free(struct tls_client *_Nonnull client);

enum tls_client_result tls_client_handshake(struct tls_client *_Nonnull client);
/// `count` tells how many bytes moved.
enum tls_client_result tls_client_read(struct tls_client *_Nonnull client, void *_Nonnull bytes, size_t length, size_t *_Nonnull count);
enum tls_client_result tls_client_write(struct tls_client *_Nonnull client, const void *_Nonnull bytes, size_t length, size_t *_Nonnull count);
/// Sends a close_notify.
void tls_client_close(struct tls_client *_Nonnull client);
/// Asks for a new handshake (TLS 1.2).
enum tls_client_result tls_client_renegotiate(struct tls_client *_Nonnull client);
/// Changes its keys, and may ask the server to change its own (TLS 1.3).
bool tls_client_update_keys(struct tls_client *_Nonnull client, bool asks_server);

/// 10, 11, 12 or 13.
int tls_client_version(const struct tls_client *_Nonnull client);
const char *_Nonnull tls_client_cipher(const struct tls_client *_Nonnull client);
bool tls_client_resumed(const struct tls_client *_Nonnull client);
/// The chosen application protocol; empty if there is none.
const char *_Nonnull tls_client_protocol(struct tls_client *_Nonnull client);
/// The number of the last alert that came from the server; -1 if none did.
int tls_client_alert(const struct tls_client *_Nonnull client);
/// How many certificates the server sent.
int tls_client_chain_length(const struct tls_client *_Nonnull client);
/// How many names of authorities the server sent when it asked for a certificate.
int tls_client_authority_count(const struct tls_client *_Nonnull client);
/// The last session that the server gave a ticket for; null if it gave none. To be freed.
struct tls_client_session *_Nullable tls_client_take_session(struct tls_client *_Nonnull client);
/// Leaves an error in the thread's queue, as a careless user of OpenSSL does.
void tls_client_leave_error(void);
void tls_client_session_free(struct tls_client_session *_Nonnull session);

#endif
