#include "CTLSClient.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct tls_client {
    SSL *ssl;
    SSL_SESSION *session;
    int alert;
    char protocol[64];
};

static int own_index(void) {
    static int index = -1;
    if (index < 0) index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

static void note_alert(const SSL *ssl, int where, int value) {
    struct tls_client *client = SSL_get_ex_data(ssl, own_index());
    // The low byte is the description, the high one the level.
    if (client != NULL && (where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) client->alert = value & 0xFF;
}

static int keep_session(SSL *ssl, SSL_SESSION *session) {
    struct tls_client *client = SSL_get_ex_data(ssl, own_index());
    if (client == NULL) return 0;
    SSL_SESSION_free(client->session);
    client->session = session;
    return 1;
}

static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};

static X509 *read_certificate(BIO *input) { return PEM_read_bio_X509(input, NULL, NULL, NULL); }

static bool configure(SSL_CTX *context, struct tls_client_options options) {
    bool good = true;
    SSL_CTX_set_security_level(context, options.version != 0 && options.version < 12 ? 0 : 1);
    if (options.version != 0) {
        int version = versions[options.version - 10];
        good = SSL_CTX_set_min_proto_version(context, version) == 1
            && SSL_CTX_set_max_proto_version(context, version) == 1;
    }
    if (options.authority != NULL) {
        BIO *input = BIO_new_mem_buf(options.authority, -1);
        X509 *authority = read_certificate(input);
        good = good && authority != NULL && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) == 1;
        X509_free(authority);
        BIO_free(input);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    }
    if (options.certificate != NULL && options.key != NULL) {
        BIO *input = BIO_new_mem_buf(options.certificate, -1);
        X509 *certificate = read_certificate(input);
        good = good && certificate != NULL && SSL_CTX_use_certificate(context, certificate) == 1;
        X509_free(certificate);
        while ((certificate = read_certificate(input)) != NULL)
            good = good && SSL_CTX_add0_chain_cert(context, certificate) == 1;
        BIO_free(input);
        input = BIO_new_mem_buf(options.key, -1);
        EVP_PKEY *key = PEM_read_bio_PrivateKey(input, NULL, NULL, NULL);
        good = good && key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1;
        EVP_PKEY_free(key);
        BIO_free(input);
    }
    if (options.ciphers != NULL) {
        int (*set)(SSL_CTX *, const char *) = options.version == 13 ? SSL_CTX_set_ciphersuites : SSL_CTX_set_cipher_list;
        good = good && set(context, options.ciphers) == 1;
    }
    if (options.protocols != NULL)
        good = good && SSL_CTX_set_alpn_protos(context, (const unsigned char *)options.protocols,
                                               (unsigned)strlen(options.protocols)) == 0;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    SSL_CTX_set_info_callback(context, note_alert);
    SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
    return good;
}

struct tls_client *tls_client_new(int descriptor, struct tls_client_options options) {
    signal(SIGPIPE, SIG_IGN);
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    bool good = configure(context, options);
    struct tls_client *client = calloc(1, sizeof *client);
    client->alert = -1;
    client->ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_ex_data(client->ssl, own_index(), client);
    SSL_set_fd(client->ssl, descriptor);
    SSL_set_connect_state(client->ssl);
    SSL_set_mode(client->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (options.session != NULL) good = good && SSL_set_session(client->ssl, (SSL_SESSION *)options.session) == 1;
    ERR_clear_error();
    if (good) return client;
    tls_client_free(client);
    return NULL;
}

void tls_client_free(struct tls_client *client) {
    SSL_SESSION_free(client->session);
    // Otherwise OpenSSL takes the connection for a broken one, and resumes its session never more.
    SSL_set_shutdown(client->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(client->ssl);
    free(client);
}

static enum tls_client_result result_of(struct tls_client *client, int result) {
    if (result == 1) return TLS_CLIENT_DONE;
    switch (SSL_get_error(client->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return TLS_CLIENT_WAITS;
    case SSL_ERROR_ZERO_RETURN: return TLS_CLIENT_CLOSED;
    default: return TLS_CLIENT_FAILED;
    }
}

enum tls_client_result tls_client_handshake(struct tls_client *client) {
    ERR_clear_error();
    return result_of(client, SSL_do_handshake(client->ssl));
}

enum tls_client_result tls_client_read(struct tls_client *client, void *bytes, size_t length, size_t *count) {
    ERR_clear_error();
    *count = 0;
    return result_of(client, SSL_read_ex(client->ssl, bytes, length, count));
}

enum tls_client_result tls_client_write(struct tls_client *client, const void *bytes, size_t length, size_t *count) {
    ERR_clear_error();
    *count = 0;
    return result_of(client, SSL_write_ex(client->ssl, bytes, length, count));
}

void tls_client_close(struct tls_client *client) {
    ERR_clear_error();
    SSL_shutdown(client->ssl);
}

enum tls_client_result tls_client_renegotiate(struct tls_client *client) {
    ERR_clear_error();
    int result = SSL_renegotiate(client->ssl);
    return result_of(client, result == 1 ? SSL_do_handshake(client->ssl) : result);
}

bool tls_client_update_keys(struct tls_client *client, bool asks_server) {
    ERR_clear_error();
    int kind = asks_server ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
    return SSL_key_update(client->ssl, kind) == 1 && SSL_do_handshake(client->ssl) == 1;
}

int tls_client_version(const struct tls_client *client) {
    for (int index = 0; index < 4; index++)
        if (SSL_version(client->ssl) == versions[index]) return 10 + index;
    return 0;
}

const char *tls_client_cipher(const struct tls_client *client) { return SSL_get_cipher_name(client->ssl); }

bool tls_client_resumed(const struct tls_client *client) { return SSL_session_reused(client->ssl) == 1; }

const char *tls_client_protocol(struct tls_client *client) {
    const unsigned char *name = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(client->ssl, &name, &length);
    if (length >= sizeof client->protocol) length = 0;
    if (length > 0) memcpy(client->protocol, name, length);
    client->protocol[length] = 0;
    return client->protocol;
}

int tls_client_alert(const struct tls_client *client) { return client->alert; }

int tls_client_chain_length(const struct tls_client *client) {
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(client->ssl);
    return chain == NULL ? 0 : sk_X509_num(chain);
}

int tls_client_authority_count(const struct tls_client *client) {
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(client->ssl);
    return names == NULL ? 0 : sk_X509_NAME_num(names);
}

struct tls_client_session *tls_client_take_session(struct tls_client *client) {
    SSL_SESSION *session = client->session;
    client->session = NULL;
    return (struct tls_client_session *)session;
}

void tls_client_session_free(struct tls_client_session *session) { SSL_SESSION_free((SSL_SESSION *)session); }

void tls_client_leave_error(void) { ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH); }
