/* SPDX-License-Identifier: MIT */
#include "tests/client/stand-in.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libtx/ring/consumer.h"
#include "libtx/ring/file.h"

enum { LANES_MAX = 256, RINGS_MAX = 256 };

struct ring {
    struct tx_ring_header *header;
    struct tx_ring_consumer consumer;
    uint8_t secret[TX_WIRE_SECRET_BYTES];
    size_t connection;
};

struct lane {
    int fd;
    size_t number;
    uint64_t next;
};

struct stand_in {
    char dir[64];
    char path[80];
    int listen_fd;
    int wake[2];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stops;
    bool hangs_up;
    struct manners manners;
    struct lane lanes[LANES_MAX];
    size_t n_lanes;
    struct ring rings[RINGS_MAX];
    size_t n_rings;
    size_t n_connections;
    struct seen *seen;
    size_t n_seen, cap_seen;
    size_t n_datagrams;
    struct tx_field fields[TX_LIMIT_FIELDS];
    uint8_t datagram[TX_LIMIT_DATAGRAM_BYTES];
};

static void reply_to(int fd, const struct tx_wire_reply *reply) {
    uint8_t memory[TX_WIRE_REPLY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_wire_reply_render(reply, &b);
    (void)!send(fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- connections --- */

static size_t render_welcome(struct stand_in *s, void *memory, size_t n_memory) {
    struct tx_wire_reply welcome = {.type = TX_WIRE_WELCOME, .max_bytes = TX_LIMIT_DATAGRAM_BYTES};
    struct tx_buf b = tx_buf_of(memory, n_memory);
    if (s->manners.welcome)
        tx_buf_put(&b, s->manners.welcome, s->manners.n_welcome);
    else
        tx_wire_reply_render(&welcome, &b);
    return b.len;
}

static void pass(struct stand_in *s, int to, int fd) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * 8)];
    } control = {0};
    uint8_t memory[TX_WIRE_REPLY_BYTES];
    struct iovec iov = {.iov_base = memory, .iov_len = render_welcome(s, memory, sizeof(memory))};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    size_t n = sizeof(int) * (size_t)s->manners.n_passed;

    if (n > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(n);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n);
        for (int i = 0; i < s->manners.n_passed; i++)
            memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &fd, sizeof(int));
    }
    (void)!sendmsg(to, &message, MSG_NOSIGNAL);
    if (s->manners.policy)
        (void)!send(to, s->manners.policy, s->manners.n_policy, MSG_NOSIGNAL);
}

static void take_connection(struct stand_in *s) {
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    int ends[2];

    if (fd < 0)
        return;
    s->n_connections++;
    if (s->manners.closes_at_once || s->n_lanes == LANES_MAX) {
        close(fd);
        return;
    }
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    if (s->manners.send_buffer)
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &s->manners.send_buffer, sizeof(int));
    pass(s, fd, s->manners.passes_this >= 0 ? s->manners.passes_this : ends[0]);
    close(ends[0]);
    close(fd);
    s->lanes[s->n_lanes++] = (struct lane){.fd = ends[1], .number = s->n_connections - 1};
}

static void drop_lane(struct stand_in *s, size_t i) {
    close(s->lanes[i].fd);
    s->lanes[i] = s->lanes[--s->n_lanes];
}

/* --- records --- */

static void remember_trace(struct seen *seen, const struct tx_record *record) {
    seen->has_trace = record->has_trace;
    seen->has_parent = record->has_parent;
    memcpy(seen->trace_id, record->trace_id, sizeof(seen->trace_id));
    memcpy(seen->span_id, record->span_id, sizeof(seen->span_id));
    memcpy(seen->parent_span_id, record->parent_span_id, sizeof(seen->parent_span_id));
    if (record->correlation_id.n > 0)
        memcpy(seen->correlation, record->correlation_id.p, record->correlation_id.n);
}

static int render_value(const struct tx_field *field, char *ret, size_t n) {
    switch (field->type) {
    case TX_VALUE_I64:
        return snprintf(ret, n, "%lld", (long long)field->i64);
    case TX_VALUE_U64:
        return snprintf(ret, n, "%llu", (unsigned long long)field->u64);
    case TX_VALUE_F64:
        return snprintf(ret, n, "%g", field->f64);
    case TX_VALUE_BOOL:
        return snprintf(ret, n, field->boolean ? "true" : "false");
    case TX_VALUE_NULL:
        return snprintf(ret, n, "null");
    default:
        return snprintf(ret, n, "%.*s", (int)field->text.n, field->text.p);
    }
}

/* As many as there is room for. */
static void remember_fields(struct seen *seen, const struct tx_record *record) {
    char text[4096], all[8192];
    size_t at = 0;

    for (size_t i = 0; i < record->n_fields; i++) {
        const struct tx_field *field = &record->fields[i];
        int n = render_value(field, text, sizeof(text));
        if (n < 0 || (size_t)n >= sizeof(text) || field->name.n + (size_t)n + 2 > sizeof(all) - at)
            break;
        at += (size_t)sprintf(all + at, "%.*s", (int)field->name.n, field->name.p) + 1;
        at += (size_t)sprintf(all + at, "%s", text) + 1;
    }
    seen->n_fields_bytes = at;
    seen->fields = malloc(at + 1);
    ck_assert_ptr_nonnull(seen->fields);
    memcpy(seen->fields, all, at);
    if (record->message.n > 0)
        seen->message = strndup(record->message.p, record->message.n);
}

const char *seen_field(const struct seen *seen, const char *name) {
    for (size_t at = 0; at < seen->n_fields_bytes;) {
        const char *value = seen->fields + at + strlen(seen->fields + at) + 1;
        if (strcmp(seen->fields + at, name) == 0)
            return value;
        at = (size_t)(value - seen->fields) + strlen(value) + 1;
    }
    return NULL;
}

static void remember(struct stand_in *s, const uint8_t secret[TX_WIRE_SECRET_BYTES],
                     const struct tx_record *record, size_t connection) {
    if (s->n_seen == s->cap_seen) {
        s->cap_seen = s->cap_seen ? 2 * s->cap_seen : 1024;
        s->seen = realloc(s->seen, s->cap_seen * sizeof(*s->seen));
        ck_assert_ptr_nonnull(s->seen);
    }
    struct seen *seen = &s->seen[s->n_seen++];
    *seen = (struct seen){.n = record->n,
                          .time = record->time,
                          .wants_receipt = record->wants_receipt,
                          .connection = connection,
                          .datagram = s->n_datagrams,
                          .outcome = (uint8_t)record->outcome,
                          .severity = (uint8_t)record->severity};
    memcpy(seen->secret, secret, sizeof(seen->secret));
    memcpy(seen->id, record->id, sizeof(seen->id));
    memcpy(seen->event, record->event.p, record->event.n);
    remember_trace(seen, record);
    remember_fields(seen, record);
}

static void answer(struct stand_in *s, struct lane *lane, const struct tx_record *record) {
    struct tx_wire_reply receipt = {
        .type = TX_WIRE_RECEIPT, .n = record->n, .seq = 1000 + record->n, .leaf = {0xab}};
    struct tx_wire_reply reject = {.type = TX_WIRE_REJECT,
                                   .n = record->n,
                                   .error = (uint32_t)s->manners.rejects_with,
                                   .reason = TX_TEXT("as the test wants it")};
    if (s->manners.rejects_with)
        reply_to(lane->fd, &reject);
    else if (record->wants_receipt && !s->manners.gives_no_receipt)
        reply_to(lane->fd, &receipt);
    if (record->n >= lane->next)
        lane->next = record->n + 1;
}

/* --- rings: each is looked at every two milliseconds, as long as the process of the test lives ---
 */

static void take_ring(struct stand_in *s, const struct lane *lane, size_t n, int fd) {
    struct ring *ring = &s->rings[s->n_rings++];
    size_t capacity;

    ck_assert_uint_le(s->n_rings, RINGS_MAX);
    ring->connection = lane->number;
    ck_assert_int_eq(tx_wire_ring_parse(s->datagram, n, ring->secret), 0);
    ck_assert_int_eq(tx_ring_file_check(fd, &capacity), 0);
    ck_assert_int_eq(tx_ring_file_map(fd, capacity, &ring->header), 0);
    tx_ring_consumer_init(&ring->consumer, ring->header, capacity, 0, 0);
    tx_ring_take(&ring->consumer);
    close(fd);
}

static void drain_rings(struct stand_in *s) {
    static uint8_t frame[TX_LIMIT_RING_FRAME];
    struct tx_record record;
    size_t n;

    for (size_t i = 0; i < s->n_rings; i++) {
        struct ring *ring = &s->rings[i];
        while (tx_ring_next(&ring->consumer, frame, sizeof(frame), &n) == 0) {
            ck_assert_int_eq(tx_wire_frame_take(frame, n, s->fields, &record), 0);
            remember(s, ring->secret, &record, ring->connection);
        }
        tx_ring_publish(&ring->consumer, ring->consumer.at);
    }
}

static void take_datagram(struct stand_in *s, struct lane *lane, size_t n, int fd) {
    struct tx_wire_records records;
    struct tx_record record;
    int r;

    if (s->datagram[3] == TX_WIRE_RING) {
        take_ring(s, lane, n, fd);
        return;
    }
    ck_assert_int_eq(fd, -1);
    if (s->datagram[3] == TX_WIRE_BELL)
        return;
    ck_assert_int_eq(tx_wire_records_open(s->datagram, n, &records), 0);
    while ((r = tx_wire_records_next(&records, s->fields, &record)) == 0) {
        remember(s, records.secret, &record, lane->number);
        answer(s, lane, &record);
    }
    ck_assert_int_eq(r, TX_WIRE_E_END);
    s->n_datagrams++;
    if (s->manners.answers_rubbish)
        (void)!send(lane->fd, "rubbish", 7, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Who closes with answers unread resets the connection; what it had sent comes after that. */
static ssize_t receive(struct stand_in *s, const struct lane *lane, int *ret_fd) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = s->datagram, .iov_len = sizeof(s->datagram)};
    struct msghdr message;
    ssize_t n;

    do {
        message = (struct msghdr){.msg_iov = &part,
                                  .msg_iovlen = 1,
                                  .msg_control = control.bytes,
                                  .msg_controllen = sizeof(control.bytes)};
        n = recvmsg(lane->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && (errno == ECONNRESET || errno == EINTR));
    const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    *ret_fd = -1;
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
    return n;
}

/* Reads what there is; false at the end. */
static bool serve(struct stand_in *s, struct lane *lane) {
    ssize_t n;
    int fd;

    while ((n = receive(s, lane, &fd)) > 0)
        take_datagram(s, lane, (size_t)n, fd);
    if (n < 0 && errno == EAGAIN) {
        struct tx_wire_reply ack = {.type = TX_WIRE_ACK, .n = lane->next};
        if (!s->manners.acknowledges_nothing && lane->next)
            reply_to(lane->fd, &ack);
        return true;
    }
    return false;
}

static void serve_all(struct stand_in *s, struct pollfd *polled, size_t n_polled) {
    char byte;

    if (polled[0].revents)
        (void)!read(s->wake[0], &byte, 1);
    /* Backwards, since the last one takes the place of one that goes. */
    for (size_t i = n_polled; i-- > 0;)
        if (polled[2 + i].revents && !s->manners.reads_nothing && i < s->n_lanes &&
            s->lanes[i].fd == polled[2 + i].fd && !serve(s, &s->lanes[i]))
            drop_lane(s, i);
    if (polled[1].revents && !s->manners.keeps_quiet)
        take_connection(s);
}

static void *run(void *data) {
    struct stand_in *s = data;
    struct pollfd polled[2 + LANES_MAX];

    pthread_mutex_lock(&s->lock);
    while (!s->stops) {
        size_t n = s->manners.reads_nothing ? 0 : s->n_lanes;
        polled[0] = (struct pollfd){.fd = s->wake[0], .events = POLLIN};
        polled[1] =
            (struct pollfd){.fd = s->manners.keeps_quiet ? -1 : s->listen_fd, .events = POLLIN};
        for (size_t i = 0; i < n; i++)
            polled[2 + i] = (struct pollfd){.fd = s->lanes[i].fd, .events = POLLIN};
        pthread_mutex_unlock(&s->lock);
        poll(polled, 2 + n, s->n_rings > 0 ? 2 : -1);
        pthread_mutex_lock(&s->lock);
        if (s->hangs_up) { /* here, since a socket that is polled outlives its close */
            while (s->n_lanes > 0)
                drop_lane(s, 0);
            s->hangs_up = false;
        }
        serve_all(s, polled, n);
        if (!s->manners.reads_nothing)
            drain_rings(s);
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* --- for tests --- */

static void wake(struct stand_in *s) {
    ck_assert_int_eq(write(s->wake[1], "", 1), 1);
}

struct stand_in *stand_in_start(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stand_in *s = calloc(1, sizeof(*s));

    ck_assert_ptr_nonnull(s);
    s->manners = MANNERS_INIT;
    strcpy(s->dir, "/tmp/tracex-client-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(s->dir));
    snprintf(s->path, sizeof(s->path), "%s/socket", s->dir);
    strcpy(address.sun_path, s->path);
    s->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(s->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(s->listen_fd, 64), 0);
    ck_assert_int_eq(pipe2(s->wake, O_CLOEXEC), 0);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    ck_assert_int_eq(setenv("TRACEX_SOCKET", s->path, 1), 0);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, run, s), 0);
    return s;
}

void stand_in_stop(struct stand_in *s) {
    pthread_mutex_lock(&s->lock);
    s->stops = true;
    pthread_mutex_unlock(&s->lock);
    wake(s);
    pthread_join(s->thread, NULL);
    while (s->n_lanes > 0)
        drop_lane(s, 0);
    close(s->listen_fd);
    close(s->wake[0]);
    close(s->wake[1]);
    unlink(s->path);
    rmdir(s->dir);
    for (size_t i = 0; i < s->n_seen; i++) {
        free(s->seen[i].fields);
        free(s->seen[i].message);
    }
    free(s->seen);
    free(s);
}

void stand_in_behave(struct stand_in *s, struct manners manners) {
    pthread_mutex_lock(&s->lock);
    s->manners = manners;
    pthread_mutex_unlock(&s->lock);
    wake(s);
}

void stand_in_hang_up(struct stand_in *s) {
    pthread_mutex_lock(&s->lock);
    s->hangs_up = true;
    wake(s);
    while (s->hangs_up)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void stand_in_send(struct stand_in *s, const struct tx_wire_reply *reply) {
    pthread_mutex_lock(&s->lock);
    ck_assert_uint_gt(s->n_lanes, 0);
    reply_to(s->lanes[s->n_lanes - 1].fd, reply);
    pthread_mutex_unlock(&s->lock);
}

const struct seen *stand_in_seen(struct stand_in *s, size_t at_least, size_t *ret_n) {
    struct timespec until;
    int r = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    pthread_mutex_lock(&s->lock);
    while (s->n_seen < at_least && r == 0)
        r = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    *ret_n = s->n_seen;
    const struct seen *seen = s->seen;
    pthread_mutex_unlock(&s->lock);
    ck_assert_msg(*ret_n >= at_least, "%zu records came, not %zu", *ret_n, at_least);
    return seen;
}

size_t stand_in_connections(struct stand_in *s) {
    pthread_mutex_lock(&s->lock);
    size_t n = s->n_connections;
    pthread_mutex_unlock(&s->lock);
    return n;
}

const char *stand_in_path(struct stand_in *s) {
    return s->path;
}
