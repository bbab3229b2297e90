/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/keep.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/activated.h"
#include "libtx/base/fd.h"

/* Names in the store. None begins as another one's whole name; those of connections and rings are
 * followed by an id. */
#define NAME_CHILD "tracex-process-"

static const struct {
    const char *table, *each;
} names[TX_KEEP_KINDS] = {
    [TX_KEEP_CONNECTION] = {.table = "tracex-connections", .each = "c"},
    [TX_KEEP_RING] = {.table = "tracex-ring-table", .each = "r"},
};

static const char *const memory_names[] = {
    [TX_KEEP_INBOX] = "tracex-inbox",
    [TX_KEEP_POSITIONS] = "tracex-positions",
};

/* What the store holds beside those. */
#define OTHERS 16
#define WAIT_MS 50
#define CHILD_END_MS 3000

/* --- telling the service manager --- */

/* sd_pid_notify_with_fds(3) would wait for as long as it takes. */
static int send_once(const struct tx_keep *keep, const char *text, int fd) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } ancillary = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (fd >= 0) {
        message.msg_control = ancillary.bytes;
        message.msg_controllen = sizeof(ancillary.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(int));
    }
    return sendmsg(keep->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int tell(const struct tx_keep *keep, const char *text, int fd) {
    struct pollfd poll_fd = {.fd = keep->fd, .events = POLLOUT};
    int r = send_once(keep, text, fd);

    if (r != -EAGAIN || poll(&poll_fd, 1, WAIT_MS) <= 0)
        return r;
    return send_once(keep, text, fd);
}

/* FDPOLL=0: else it would drop a connection whose client is gone, though records of it may be
 * unread. */
static int store(const struct tx_keep *keep, const char *name, int fd) {
    char text[128];
    snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
    return tell(keep, text, fd);
}

static int unstore(const struct tx_keep *keep, const char *name) {
    char text[128];
    snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
    return tell(keep, text, -1);
}

static void replace(struct tx_keep *keep, const char *name, int fd) {
    int r = unstore(keep, name);
    if (r == 0)
        r = store(keep, name, fd);
    if (r < 0) {
        keep->n_refused++;
        tx_log(TX_LOG_WARNING, "the service manager does not keep %s: %s", name, strerror(-r));
    }
}

/* --- beginning --- */

static int connect_to(const char *path, int *ret_fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(path);

    if (n < 2 || n >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return -EINVAL;
    memcpy(address.sun_path, path, n);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    _cleanup_(tx_fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (connect(fd, (const struct sockaddr *)&address, length) < 0)
        return -errno;
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

static int open_table(struct tx_keep *keep, enum tx_keep_kind kind) {
    struct tx_keep_table *table = &keep->tables[kind];
    const char *rest;
    int fd = tx_activated_take_named(names[kind].table, &rest);

    if (fd >= 0) {
        if (tx_keep_table_open(fd, table) == 0)
            return 0;
        tx_fd_closep(&fd);
    }
    int r = tx_keep_table_new(table);
    if (r == 0)
        replace(keep, names[kind].table, table->fd);
    return r;
}

int tx_keep_init(struct tx_keep *keep) {
    const char *limit = getenv("FDSTORE"), *path = getenv("NOTIFY_SOCKET");
    uint64_t n;

    if (!limit || !path || tx_dec_decode((struct tx_text){limit, strlen(limit)}, &n) < 0 ||
        n <= OTHERS)
        return 0;
    int r = connect_to(path, &keep->fd);
    if (r < 0) {
        tx_log(TX_LOG_WARNING, "the service manager cannot be asked to keep connections: %s",
               strerror(-r));
        return 0;
    }
    keep->limit = n - OTHERS < TX_KEEP_SLOTS ? (size_t)(n - OTHERS) : TX_KEEP_SLOTS;
    r = open_table(keep, TX_KEEP_CONNECTION);
    return r < 0 ? r : open_table(keep, TX_KEEP_RING);
}

void tx_keep_deinit(struct tx_keep *keep) {
    for (size_t i = 0; i < TX_KEEP_KINDS; i++)
        tx_keep_table_close(&keep->tables[i]);
    tx_fd_closep(&keep->fd);
}

/* --- children --- */

static void end_child(int pidfd) {
    struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
    if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0)
        (void)poll(&poll_fd, 1, CHILD_END_MS);
}

/* What the inbox and the log have of it is whole at any moment. */
void tx_keep_end_children(struct tx_keep *keep) {
    const char *rest;
    int fd;

    if (!tx_keep_is_used(keep))
        return;
    while ((fd = tx_activated_take_named(NAME_CHILD, &rest)) >= 0) {
        end_child(fd);
        tx_fd_closep(&fd);
    }
}

void tx_keep_child(struct tx_keep *keep, const char *name, int pidfd) {
    char text[64];
    if (!tx_keep_is_used(keep))
        return;
    snprintf(text, sizeof(text), NAME_CHILD "%s", name);
    replace(keep, text, pidfd);
}

/* --- memory --- */

int tx_keep_take_memory(struct tx_keep *keep, enum tx_keep_memory_kind kind, size_t n) {
    const char *rest;
    struct stat st;

    if (!tx_keep_is_used(keep))
        return -1;
    int fd = tx_activated_take_named(memory_names[kind], &rest);
    if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_size != (off_t)n))
        tx_fd_closep(&fd);
    return fd;
}

void tx_keep_memory(struct tx_keep *keep, enum tx_keep_memory_kind kind, int fd) {
    if (tx_keep_is_used(keep))
        replace(keep, memory_names[kind], fd);
}

/* --- connections and rings --- */

static void name_one(enum tx_keep_kind kind, uint64_t id, char ret[32]) {
    snprintf(ret, 32, "%s%llu", names[kind].each, (unsigned long long)id);
}

/* Of a ring, whoever takes it looks closer. */
static bool is_of_kind(enum tx_keep_kind kind, int fd) {
    int type;
    socklen_t n = sizeof(type);
    struct stat st;

    if (kind == TX_KEEP_RING)
        return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_SEQPACKET;
}

static int restore_one(struct tx_keep *keep, enum tx_keep_kind kind, uint64_t id, int fd,
                       tx_keep_take take, void *data) {
    struct tx_keep_slot *slot = tx_keep_table_find(&keep->tables[kind], id);
    char name[32];

    if (slot && slot->state == TX_KEEP_KEPT && slot->n_identity <= sizeof(slot->identity) &&
        is_of_kind(kind, fd)) {
        keep->n_kept++;
        struct tx_text text = {(const char *)slot->identity, slot->n_identity};
        return take(data, id, fd, slot->uid, text);
    }
    name_one(kind, id, name);
    (void)unstore(keep, name);
    return -ENOENT;
}

/* A slot whose descriptor did not come back is of no use. */
static void free_missing(struct tx_keep *keep, struct tx_keep_table *table, const bool *found) {
    size_t at = 0;
    struct tx_keep_slot *slot;

    while ((slot = tx_keep_table_next(table, TX_KEEP_KEPT, &at)))
        if (!found[at - 1])
            tx_keep_table_free(slot);
    for (at = 0; (slot = tx_keep_table_next(table, TX_KEEP_ENDED, &at));)
        keep->n_ended++;
}

int tx_keep_restore(struct tx_keep *keep, enum tx_keep_kind kind, tx_keep_take take, void *data) {
    _cleanup_(tx_freep) bool *found = calloc(TX_KEEP_SLOTS, sizeof(*found));
    const char *rest;
    uint64_t id;
    int fd;

    if (!tx_keep_is_used(keep))
        return 0;
    if (!found)
        return -ENOMEM;
    while ((fd = tx_activated_take_named(names[kind].each, &rest)) >= 0) {
        int r = tx_dec_decode((struct tx_text){rest, strlen(rest)}, &id);
        if (r == 0)
            r = restore_one(keep, kind, id, fd, take, data);
        if (r == -ENOMEM)
            return r;
        if (r < 0)
            tx_fd_closep(&fd);
        else
            found[tx_keep_table_index(&keep->tables[kind], id)] = true;
    }
    free_missing(keep, &keep->tables[kind], found);
    return 0;
}

uint64_t tx_keep_last_id(const struct tx_keep *keep, enum tx_keep_kind kind) {
    return tx_keep_is_used(keep) ? tx_keep_table_last(&keep->tables[kind]) : 0;
}

void tx_keep_add(struct tx_keep *keep, enum tx_keep_kind kind, uint64_t id, int fd, uid_t uid,
                 struct tx_text text) {
    char name[32];

    if (!tx_keep_is_used(keep))
        return;
    struct tx_keep_slot *slot = keep->n_kept + keep->n_ended < keep->limit
                                    ? tx_keep_table_add(&keep->tables[kind], id, uid, text)
                                    : NULL;
    name_one(kind, id, name);
    if (slot && store(keep, name, fd) == 0) {
        keep->n_kept++;
        return;
    }
    if (slot)
        tx_keep_table_free(slot);
    keep->n_refused++;
}

static bool end_slot(struct tx_keep *keep, enum tx_keep_kind kind, struct tx_keep_slot *slot) {
    char name[32];
    name_one(kind, slot->id, name);
    if (unstore(keep, name) < 0)
        return false;
    tx_keep_table_free(slot);
    return true;
}

void tx_keep_drop(struct tx_keep *keep, enum tx_keep_kind kind, uint64_t id) {
    if (!tx_keep_is_used(keep))
        return;
    struct tx_keep_slot *slot = tx_keep_table_find(&keep->tables[kind], id);
    if (!slot || slot->state != TX_KEEP_KEPT)
        return;
    keep->n_kept--;
    slot->state = TX_KEEP_ENDED;
    if (!end_slot(keep, kind, slot))
        keep->n_ended++;
}

static bool retry(struct tx_keep *keep, enum tx_keep_kind kind) {
    struct tx_keep_slot *slot;
    size_t at = 0;

    while (keep->n_ended > 0 &&
           (slot = tx_keep_table_next(&keep->tables[kind], TX_KEEP_ENDED, &at))) {
        if (!end_slot(keep, kind, slot))
            return false;
        keep->n_ended--;
    }
    return true;
}

void tx_keep_retry(struct tx_keep *keep) {
    if (retry(keep, TX_KEEP_CONNECTION))
        (void)retry(keep, TX_KEEP_RING);
}
