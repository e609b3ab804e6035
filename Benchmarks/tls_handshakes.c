/* Makes TLS 1.3 connections one after the other, each with one request, in several threads for a given time:
 *
 *     tls_handshakes PORT CERTIFICATE THREADS SECONDS full|resumed     prints how many there were
 *
 * The request is a HEAD, so that it costs next to nothing, and it proves that the server finished the handshake too. With
 * "resumed", each thread first makes one full handshake, which is not counted, and then shows the ticket that this gave
 * it. A connection that is not of the kind that was asked for ends the program with an error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 64, IO_SECONDS = 5, MOST_SECONDS = 60 };

static const char request[] = "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
static struct sockaddr_in address = {.sin_family = AF_INET};
static struct timespec end;
static SSL_CTX *context;
static bool resumes;

static void fail(const char *what) {
    fprintf(stderr, "%s failed\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int connected(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = IO_SECONDS};
    int one = 1; /* as every client of HTTP has it: the request must not wait for the kernel's answer to the handshake */
    if (descriptor < 0 || setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0
        || setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0
        || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    return descriptor;
}

/* One connection, from connect to the end of the answer; gives the session that came with it. */
static SSL_SESSION *visit(SSL_SESSION *shown) {
    int descriptor = connected();
    SSL *ssl = SSL_new(context);
    if (!ssl || SSL_set_fd(ssl, descriptor) != 1 || SSL_set1_host(ssl, "localhost") != 1) fail("SSL_new");
    if (shown && SSL_set_session(ssl, shown) != 1) fail("SSL_set_session");
    if (SSL_connect(ssl) != 1) fail("SSL_connect");
    if (SSL_session_reused(ssl) != (shown != NULL)) fail("the wanted kind of handshake");
    if (SSL_write(ssl, request, sizeof request - 1) != sizeof request - 1) fail("SSL_write");
    char answer[4096];
    int length = SSL_read(ssl, answer, sizeof answer);
    if (length < 12 || memcmp(answer, "HTTP/1.1 200", 12) != 0) fail("the request");
    while (SSL_read(ssl, answer, sizeof answer) > 0) continue;
    SSL_shutdown(ssl); /* otherwise the session counts as broken, and cannot be resumed */
    SSL_SESSION *session = SSL_get1_session(ssl);
    SSL_free(ssl);
    close(descriptor);
    ERR_clear_error();
    return session;
}

static bool has_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec);
}

static void *work(void *count) {
    SSL_SESSION *session = resumes ? visit(NULL) : NULL;
    while (has_time()) {
        SSL_SESSION *next = visit(session);
        if (resumes) {
            SSL_SESSION_free(session);
            session = next;
        } else {
            SSL_SESSION_free(next);
        }
        ++*(unsigned long *)count;
    }
    SSL_SESSION_free(session);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 6) return 64;
    int threads = atoi(arguments[3]);
    if (threads < 1 || threads > MAX_THREADS) return 64;
    address.sin_port = htons((uint16_t)atoi(arguments[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    resumes = strcmp(arguments[5], "resumed") == 0;
    context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1
        || SSL_CTX_load_verify_locations(context, arguments[2], NULL) != 1) fail("SSL_CTX_new");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    double seconds = atof(arguments[4]);
    if (seconds <= 0 || seconds > MOST_SECONDS) return 64;
    clock_gettime(CLOCK_MONOTONIC, &end);
    long nanoseconds = end.tv_nsec + (long)((seconds - (long)seconds) * 1e9);
    end.tv_sec += (long)seconds + nanoseconds / 1000000000;
    end.tv_nsec = nanoseconds % 1000000000;

    pthread_t ids[MAX_THREADS];
    static unsigned long counts[MAX_THREADS];
    unsigned long total = 0;
    for (int index = 0; index < threads; index++)
        if (pthread_create(&ids[index], NULL, work, &counts[index]) != 0) fail("pthread_create");
    for (int index = 0; index < threads; index++) {
        pthread_join(ids[index], NULL);
        total += counts[index];
    }
    printf("%lu\n", total);
    return 0;
}
