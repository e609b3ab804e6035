/* The ceiling for one thread and one epoll loop: answers every complete request with one constant
 * response, whatever was asked for. It knows just enough HTTP to be measured fairly: it looks for the
 * empty line that ends a request head, keeps connections alive and answers pipelined requests.
 *
 *     constant_server FILE      prints "listening PORT" and sends FILE's content, head and body, on 127.0.0.1
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_DESCRIPTORS = 4096, MAX_RESPONSE = 1 << 20, BATCH = 64 };

/* What is remembered of a connection between two events; the table is indexed by its descriptor. */
struct connection {
    int matched;       /* how many bytes of "\r\n\r\n" the input so far ends with */
    unsigned owed;     /* requests that are not answered in full */
    size_t sent;       /* bytes sent of the response in progress */
    bool awaits_write; /* in epoll for EPOLLOUT, and not read from, until the peer has taken what is owed */
};

static struct connection connections[MAX_DESCRIPTORS];
static char response[MAX_RESPONSE];
static size_t response_length;
static int epoll;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void load_response(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    response_length = fread(response, 1, sizeof response, file);
    if (ferror(file)) fail(path);
    fclose(file);
}

static int listen_on_loopback(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, SOMAXCONN)
        || getsockname(listener, (struct sockaddr *)&address, &size))
        fail("listen");
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void watch(int operation, int descriptor, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    if (epoll_ctl(epoll, operation, descriptor, &event)) fail("epoll_ctl");
}

static void accept_all(int listener) {
    int descriptor;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (descriptor >= MAX_DESCRIPTORS) {
            close(descriptor);
            continue;
        }
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[descriptor] = (struct connection){0};
        watch(EPOLL_CTL_ADD, descriptor, EPOLLIN);
    }
}

/* Counts the request heads that end in `bytes`; a head may have begun in an earlier read. */
static void count_requests(struct connection *connection, const char *bytes, ssize_t count) {
    for (ssize_t index = 0; index < count; index++) {
        char expected = connection->matched % 2 == 0 ? '\r' : '\n';
        if (bytes[index] == expected)
            connection->matched++;
        else
            connection->matched = bytes[index] == '\r';
        if (connection->matched == 4) {
            connection->owed++;
            connection->matched = 0;
        }
    }
}

/* Sends what is owed until the socket is full. Returns false if the peer is gone. */
static bool answer(struct connection *connection, int descriptor) {
    while (connection->owed > 0) {
        ssize_t count = send(descriptor, response + connection->sent, response_length - connection->sent, MSG_NOSIGNAL);
        if (count < 0) return errno == EAGAIN;
        connection->sent += (size_t)count;
        if (connection->sent == response_length) {
            connection->owed--;
            connection->sent = 0;
        }
    }
    return true;
}

static void serve(int descriptor) {
    struct connection *connection = &connections[descriptor];
    if (!connection->awaits_write) {
        char bytes[16384];
        ssize_t count = recv(descriptor, bytes, sizeof bytes, 0);
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0) {
            close(descriptor);
            return;
        }
        count_requests(connection, bytes, count);
    }
    if (!answer(connection, descriptor)) {
        close(descriptor);
        return;
    }
    bool full = connection->owed > 0;
    if (full != connection->awaits_write) {
        connection->awaits_write = full;
        watch(EPOLL_CTL_MOD, descriptor, full ? EPOLLOUT : EPOLLIN);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: constant_server FILE\n");
        return 64;
    }
    load_response(argv[1]);
    epoll = epoll_create1(0);
    if (epoll < 0) fail("epoll_create1");
    int listener = listen_on_loopback();
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    for (;;) {
        struct epoll_event events[BATCH];
        int count = epoll_wait(epoll, events, BATCH, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int index = 0; index < count; index++) {
            if (events[index].data.fd == listener)
                accept_all(listener);
            else
                serve(events[index].data.fd);
        }
    }
}
