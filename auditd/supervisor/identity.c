/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/identity.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libtx/base/fd.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* since Linux 6.5 */
#endif

/* cgroup version 1 has a dozen lines with paths of a few hundred bytes. */
#define CGROUP_BYTES 8192
#define STAT_BYTES 1024

/* --- texts of /proc --- */

static bool ends_with(struct tx_text text, struct tx_text end) {
    return text.n > end.n && memcmp(text.p + text.n - end.n, end.p, end.n) == 0;
}

/* Takes the part up to the separator (or all); moves *rest behind it. */
static struct tx_text take_part(struct tx_text *rest, char separator) {
    const char *at = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    struct tx_text part = {.p = rest->p, .n = at ? (size_t)(at - rest->p) : rest->n};
    size_t skip = at ? part.n + 1 : part.n;
    rest->p += skip;
    rest->n -= skip;
    return part;
}

/* "<number>:<controllers>:<path>": the path of systemd's hierarchy, else that of version 2. */
static struct tx_text path_of_cgroup(struct tx_text cgroup) {
    struct tx_text found = {0};

    while (cgroup.n > 0) {
        struct tx_text line = take_part(&cgroup, '\n');
        struct tx_text number = take_part(&line, ':');
        struct tx_text controllers = take_part(&line, ':');
        if (tx_text_equal(controllers, TX_TEXT("name=systemd")))
            return line;
        if (tx_text_equal(number, TX_TEXT("0")) && controllers.n == 0)
            found = line;
    }
    return found;
}

/* Copies as much as there is room for: whole characters of UTF-8 (a stray byte counts as one), and
 * '?' in place of control characters. */
static size_t put_clean(struct tx_text text, char *to, size_t room) {
    size_t n = 0;

    while (n < text.n) {
        size_t step = tx_utf8_char(text.p + n, text.n - n);
        if (step == 0)
            step = 1;
        if (n + step > room)
            break;
        memcpy(to + n, text.p + n, step);
        if ((unsigned char)to[n] < 0x20 || to[n] == 0x7f)
            to[n] = '?';
        n += step;
    }
    return n;
}

size_t tx_identity_unit(struct tx_text cgroup, char ret[TX_LIMIT_UNIT_BYTES]) {
    struct tx_text path = path_of_cgroup(cgroup);

    while (path.n > 0) {
        struct tx_text part = take_part(&path, '/');
        if (part.n == 0 || ends_with(part, TX_TEXT(".slice")))
            continue;
        if (part.p[0] == '_') { /* systemd's escape for names that the kernel could take for its own
                                 */
            part.p++;
            part.n--;
        }
        if (!ends_with(part, TX_TEXT(".service")) && !ends_with(part, TX_TEXT(".scope")))
            return 0;
        return part.n > TX_LIMIT_UNIT_BYTES ? 0 : put_clean(part, ret, TX_LIMIT_UNIT_BYTES);
    }
    return 0;
}

int tx_identity_start(struct tx_text stat, int64_t *ret_ns) {
    const char *end = stat.n ? memrchr(stat.p, ')', stat.n) : NULL; /* comm may hold anything */
    uint64_t ticks = 0;

    if (!end)
        return -EBADMSG;
    size_t skip = (size_t)(end - stat.p) + 1;
    struct tx_text rest = {.p = stat.p + skip, .n = stat.n - skip};
    /* proc(5): comm is field 2, the start time field 22; rest begins with a blank. */
    struct tx_text field = {0};
    for (int i = 2; i <= 22; i++)
        field = take_part(&rest, ' ');
    int r = tx_dec_decode(field, &ticks);
    uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK);
    if (r < 0 || per_second == 0 || ticks > INT64_MAX / 1000000000)
        return -EBADMSG;
    *ret_ns = (int64_t)(ticks * (1000000000 / per_second));
    return 0;
}

/* --- the process --- */

static size_t read_text(int proc_fd, const char *name, char *to, size_t room) {
    size_t n = 0;
    _cleanup_(tx_fd_closep) int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || tx_fd_read_full(fd, to, room, &n) < 0)
        return 0;
    return n;
}

static bool still_runs(int pidfd) {
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    return poll(&p, 1, 0) == 0;
}

/* Whether the peer's side was closed: then whoever connected may be long gone. */
static bool hung_up(int socket_fd) {
    struct pollfd p = {.fd = socket_fd, .events = POLLIN | POLLRDHUP};
    return poll(&p, 1, 0) != 0;
}

/* A pidfd of the process that connected; -ESRCH when there is no telling. */
static int open_pidfd(int socket_fd, uint32_t pid, bool *ret_proven, int *ret_fd) {
    socklen_t n = sizeof(*ret_fd);

    *ret_proven = true;
    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERPIDFD, ret_fd, &n) == 0)
        return 0;
    if (errno != ENOPROTOOPT)
        return -ESRCH;
    *ret_proven = false;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return -ESRCH;
    *ret_fd = fd;
    return 0;
}

/* A descriptor of /proc/<pid> belongs to one process for ever, so it is compared once. */
static int open_process(int socket_fd, uint32_t pid, int64_t since_ns, int *ret_proc_fd) {
    char path[32], stat[STAT_BYTES];
    _cleanup_(tx_fd_closep) int pidfd = -1;
    _cleanup_(tx_fd_closep) int proc_fd = -1;
    bool proven;

    int r = open_pidfd(socket_fd, pid, &proven, &pidfd);
    if (r < 0)
        return r;
    snprintf(path, sizeof(path), "/proc/%u", pid);
    proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc_fd < 0)
        return -errno;
    if (!still_runs(pidfd))
        return -ESRCH;
    if (!proven) {
        int64_t start;
        struct tx_text text = {.p = stat, .n = read_text(proc_fd, "stat", stat, sizeof(stat))};
        if (tx_identity_start(text, &start) < 0 || start > since_ns || hung_up(socket_fd))
            return -ESRCH;
    }
    *ret_proc_fd = tx_fd_steal(&proc_fd);
    return 0;
}

static void read_process(int proc_fd, struct tx_identity *identity) {
    char memory[CGROUP_BYTES];
    struct tx_ipc_identity *peer = &identity->peer;

    struct tx_text text = {.p = memory, .n = read_text(proc_fd, "comm", memory, sizeof(memory))};
    text = take_part(&text, '\0');
    if (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    peer->comm = (struct tx_text){.p = identity->comm,
                                  .n = put_clean(text, identity->comm, sizeof(identity->comm))};

    ssize_t n = readlinkat(proc_fd, "exe", memory, sizeof(memory));
    text = (struct tx_text){.p = memory, .n = n < 0 ? 0 : (size_t)n};
    peer->exe = (struct tx_text){.p = identity->exe,
                                 .n = put_clean(text, identity->exe, sizeof(identity->exe))};

    text = (struct tx_text){.p = memory, .n = read_text(proc_fd, "cgroup", memory, sizeof(memory))};
    peer->unit = (struct tx_text){.p = identity->unit, .n = tx_identity_unit(text, identity->unit)};
}

int tx_identity_read(int socket_fd, int64_t since_ns, struct tx_identity *ret) {
    struct ucred credentials;
    socklen_t n = sizeof(credentials);
    _cleanup_(tx_fd_closep) int proc_fd = -1;

    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &n) < 0)
        return -errno;
    ret->peer = (struct tx_ipc_identity){
        .pid = (uint32_t)credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
    /* Pid 0: it lives in a pid namespace that we do not see. */
    if (credentials.pid > 0 &&
        open_process(socket_fd, (uint32_t)credentials.pid, since_ns, &proc_fd) == 0)
        read_process(proc_fd, ret);
    return 0;
}
