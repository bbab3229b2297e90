/* SPDX-License-Identifier: MIT */
/*
 * One user who sends as much as he can, by the wire itself and never durable: what a neighbour of
 * his has to bear.
 *     bench-flood --uid UID [--processes N] [--connections N] [--seconds N]
 * Connections: of all processes together; those that are refused are tried again and again. Says
 * "ready" when all have been tried and have sent, and ends with its standard input, or after a
 * minute.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "libtx/wire/wire.h"
#include "tests/bench/record.h"

enum { DATAGRAM_BYTES = 1024, CONNECTIONS_MAX = 16384, IN_A_TURN = 64 };

struct connection {
    int fd; /* -1: to be made */
    uint64_t n;
    uint8_t secret[TX_WIRE_SECRET_BYTES];
};

static struct connection *connections;
static size_t n_connections = 1;
static struct pollfd *polls;

static int passed_fd(struct msghdr *message) {
    struct cmsghdr *c = CMSG_FIRSTHDR(message);
    int fd = -1;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(c), sizeof(fd));
    return fd;
}

/* The socket that comes with WELCOME; -1: refused. */
static int be_welcomed(int fd) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char datagram[TX_WIRE_REPLY_BYTES];
    struct iovec part = {.iov_base = datagram, .iov_len = sizeof(datagram)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    return recvmsg(fd, &message, MSG_CMSG_CLOEXEC) > 0 ? passed_fd(&message) : -1;
}

static void dial(struct connection *connection, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        connection->fd = be_welcomed(fd);
    if (fd >= 0)
        close(fd);
    if (connection->fd < 0)
        return;
    (void)fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    connection->n = 0;
    (void)!getrandom(connection->secret, sizeof(connection->secret), 0);
}

static struct tx_text text(const char *p) {
    return (struct tx_text){.p = p, .n = strlen(p)};
}

static struct tx_field field(const char *name, const char *value) {
    return (struct tx_field){.name = text(name), .type = TX_VALUE_STR, .text = text(value)};
}

static size_t render(const struct connection *connection, uint8_t memory[DATAGRAM_BYTES]) {
    static uint8_t id[10];
    struct tx_field fields[] = {
        field("actor.id", BENCH_ACTOR), field("order", BENCH_ORDER), field("reason", BENCH_REASON),
        field("region", BENCH_REGION),  field("agent", BENCH_AGENT),
    };
    struct tx_record record = {.n = connection->n,
                               .time = tx_clock_wall(),
                               .severity = TX_SEVERITY_INFO,
                               .event = TX_TEXT(BENCH_EVENT),
                               .n_fields = TX_COUNT_OF(fields),
                               .fields = fields};
    struct tx_buf b = tx_buf_of(memory, DATAGRAM_BYTES);

    for (size_t i = 0; i < sizeof(id) && ++id[i] == 0; i++)
        ;
    tx_uuid7_make(record.time, id, record.id);
    tx_wire_records_begin(&b, connection->secret);
    tx_wire_records_add(&b, &record);
    return tx_wire_records_end(&b, 1) == 0 ? b.len : 0;
}

/* What it is told has to go, or the daemon keeps it. False: the connection is gone. */
static bool hear(struct connection *connection) {
    char datagram[TX_WIRE_REPLY_BYTES];
    ssize_t n;
    while ((n = recv(connection->fd, datagram, sizeof(datagram), MSG_DONTWAIT)) > 0)
        ;
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* True when its socket took all of a turn. */
static bool send_some(struct connection *connection) {
    uint8_t memory[DATAGRAM_BYTES];

    for (int i = 0; i < IN_A_TURN; i++) {
        size_t n = render(connection, memory);
        if (send(connection->fd, memory, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            return false;
        connection->n++;
    }
    return true;
}

static void serve(struct connection *connection, bool *ret_more) {
    *ret_more |= send_some(connection);
    if (hear(connection))
        return;
    close(connection->fd);
    connection->fd = -1;
}

static void wait_for_room(void) {
    size_t n = 0;
    for (size_t i = 0; i < n_connections; i++)
        if (connections[i].fd >= 0)
            polls[n++] = (struct pollfd){.fd = connections[i].fd, .events = POLLOUT};
    (void)poll(polls, (nfds_t)n, 100);
}

static void flood(const char *path, int ready) {
    bool said = false;

    for (size_t i = 0; i < n_connections; i++)
        dial(&connections[i], path);
    for (size_t next = 0;; next = (next + 1) % n_connections) {
        bool more = false;
        if (said && connections[next].fd < 0)
            dial(&connections[next], path);
        for (size_t i = 0; i < n_connections; i++)
            if (connections[i].fd >= 0)
                serve(&connections[i], &more);
        if (!said)
            (void)!write(ready, ".", 1);
        said = true;
        if (!more)
            wait_for_room();
    }
}

static int begin(const char *path, int ready) {
    struct rlimit limit = {.rlim_cur = CONNECTIONS_MAX, .rlim_max = CONNECTIONS_MAX};
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    connections = calloc(n_connections, sizeof(*connections));
    polls = calloc(n_connections, sizeof(*polls));
    if (!connections || !polls)
        return 1;
    for (size_t i = 0; i < n_connections; i++)
        connections[i].fd = -1;
    flood(path, ready);
    return 0;
}

static int become(unsigned long uid) {
    return uid == 0 || (setgid((gid_t)uid) == 0 && setuid((uid_t)uid) == 0) ? 0 : -errno;
}

int main(int argc, char **argv) {
    const char *path = getenv("TRACEX_SOCKET");
    unsigned long uid = 0, n_processes = 1, seconds = 60;
    int ready[2];
    char c;

    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned long v = strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--uid") == 0)
            uid = v;
        else if (strcmp(argv[i], "--processes") == 0)
            n_processes = v;
        else if (strcmp(argv[i], "--connections") == 0)
            n_connections = v;
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = v;
    }
    alarm((unsigned)seconds);
    n_connections = n_connections / n_processes + (n_connections < n_processes);
    if (!path || pipe(ready) < 0)
        return 2;
    for (unsigned long i = 0; i < n_processes; i++) {
        if (fork() != 0)
            continue;
        close(STDOUT_FILENO);
        alarm((unsigned)seconds);
        if (become(uid) < 0)
            return 1;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* which becoming another would undo */
        return begin(path, ready[1]);
    }
    for (unsigned long i = 0; i < n_processes; i++)
        if (read(ready[0], &c, 1) != 1)
            return 1;
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    return 0; /* and the others with it */
}
