#include "COpenSSL.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

/// The one table of the process; nothing is changed in it once it is loaded.
static struct copenssl loaded;
static bool is_loaded;

static bool find(void *library, const char *name, void *slot, char *error, size_t length) {
    void *function = dlsym(library, name);
    if (function == NULL) {
        snprintf(error, length, "OpenSSL lacks %s: version 3.0 or later is needed (the Debian package libssl3)", name);
        return false;
    }
    *(void **)slot = function;
    return true;
}

static void *open_library(const char *name, char *error, size_t length) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *cause = dlerror();
        snprintf(error, length, "OpenSSL cannot be loaded: install the Debian package libssl3 (libssl3t64 since Debian 13): %s",
                 cause != NULL ? cause : name);
    }
    return library;
}

/// Takes what arrived, once in each step and not much at a time.
static int receive(BIO *bio, char *buffer, int length) {
    struct copenssl_socket *own = loaded.BIO_get_data(bio);
    loaded.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    if (own->ended || own->error != 0) return own->ended ? 0 : -1;
    if (own->may_receive) {
        own->may_receive = false;
        size_t limit = length < COPENSSL_RECEIVE_BYTES ? (size_t)length : COPENSSL_RECEIVE_BYTES;
        ssize_t count;
        do count = recv(own->descriptor, buffer, limit, MSG_DONTWAIT);
        while (count < 0 && errno == EINTR);
        if (count == 0) own->ended = true;
        if (count >= 0) return (int)count;
        if (errno != EAGAIN) {
            own->error = errno;
            return -1;
        }
    }
    loaded.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    return -1;
}

static int transmit(BIO *bio, const char *bytes, int length) {
    struct copenssl_socket *own = loaded.BIO_get_data(bio);
    loaded.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    if (own->error != 0) return -1;
    if (length > own->piece_bytes) length = own->piece_bytes;
    /* Without MSG_EOR, TCP would append to a packet that waits, up to 64 KiB, whatever SO_SNDBUF says. */
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR;
    ssize_t count;
    do count = send(own->descriptor, bytes, (size_t)length, flags);
    while (count < 0 && errno == EINTR);
    if (count >= 0) return (int)count;
    if (errno == EAGAIN) loaded.BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY);
    else own->error = errno;
    return -1;
}

static long control(BIO *bio, int command, long number, void *argument) {
    (void)number, (void)argument;
    struct copenssl_socket *own = loaded.BIO_get_data(bio);
    switch (command) {
    case BIO_CTRL_EOF: return own->ended;
    case BIO_CTRL_FLUSH: return 1;
    default: return 0;
    }
}

bool copenssl_resolve(struct copenssl *table, const char *ssl, const char *crypto, char *error, size_t length) {
    // Never closed: OpenSSL leaves handlers for the end of the process behind.
    void *crypto_library = open_library(crypto, error, length);
    if (crypto_library == NULL) return false;
    void *ssl_library = open_library(ssl, error, length);
    if (ssl_library == NULL) return false;
#define FIND_SSL(name) if (!find(ssl_library, #name, &table->name, error, length)) return false;
#define FIND_CRYPTO(name) if (!find(crypto_library, #name, &table->name, error, length)) return false;
    COPENSSL_SSL_FUNCTIONS(FIND_SSL)
    COPENSSL_CRYPTO_FUNCTIONS(FIND_CRYPTO)
    return true;
}

const struct copenssl *copenssl_load(char *error, size_t length) {
    if (is_loaded) return &loaded;
    if (!copenssl_resolve(&loaded, "libssl.so.3", "libcrypto.so.3", error, length)) return NULL;
    BIO_METHOD *method = NULL;
    if (loaded.OPENSSL_init_ssl(0, NULL) == 1) method = loaded.BIO_meth_new(BIO_TYPE_SOURCE_SINK | 100, "socket");
    if (method == NULL || loaded.BIO_meth_set_read(method, receive) != 1
        || loaded.BIO_meth_set_write(method, transmit) != 1 || loaded.BIO_meth_set_ctrl(method, control) != 1) {
        snprintf(error, length, "OpenSSL cannot be initialised");
        return NULL;
    }
    loaded.socket_method = method;
    is_loaded = true;
    return &loaded;
}

BIO *copenssl_socket_bio(const struct copenssl *table, struct copenssl_socket *socket) {
    BIO *bio = table->BIO_new(table->socket_method);
    if (bio == NULL) return NULL;
    table->BIO_set_data(bio, socket);
    table->BIO_set_init(bio, 1);
    return bio;
}

static void count_record(int is_written, int version, int type, const void *bytes, size_t length, SSL *session, void *socket) {
    (void)version, (void)bytes, (void)length, (void)session;
    if (!is_written && type == SSL3_RT_HEADER) ((struct copenssl_socket *)socket)->records += 1;
}

void copenssl_count_records(const struct copenssl *table, SSL *session, struct copenssl_socket *socket) {
    table->SSL_set_msg_callback(session, count_record);
    table->SSL_ctrl(session, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, socket);
}
