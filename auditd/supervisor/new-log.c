/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/new-log.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
#include "auditd/sandbox/sandbox.h"
#include "auditd/supervisor/directory.h"
#include "auditd/supervisor/old-log.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

#define PATH_BYTES 4096
#define STAMP_BYTES 32

static int tell(int r, const char *what, const char *path) {
    if (r < 0)
        tx_log(TX_LOG_ERROR, "%s %s: %s", what, path, strerror(-r));
    return r;
}

static void make_stamp(char ret[STAMP_BYTES]) {
    struct tm utc;
    time_t now = time(NULL);
    gmtime_r(&now, &utc);
    strftime(ret, STAMP_BYTES, "%Y%m%dT%H%M%SZ", &utc);
}

/* <log dir><suffix>; configured paths may end in a slash. */
static int beside(const char *log_dir, const char *suffix, char ret[PATH_BYTES]) {
    size_t n = strlen(log_dir);
    while (n > 1 && log_dir[n - 1] == '/')
        n--;
    int written = snprintf(ret, PATH_BYTES, "%.*s%s", (int)n, log_dir, suffix);
    return written < 0 || written >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

static int sync_above(const char *path) {
    _cleanup_(tx_freep) char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    _cleanup_(tx_fd_closep) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return fsync(fd) < 0 ? -errno : 0;
}

/* --- setting aside --- */

/* The signer's: every file but the key for pseudonyms, which has nothing to do with signing. */
static bool is_of_signer(int fd, const char *name) {
    struct stat st;
    return strcmp(name, "pseudonym.key") != 0 && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(st.st_mode);
}

static bool is_of_log(int fd, const char *name) {
    (void)fd;
    return strcmp(name, "ledger") == 0 || strcmp(name, "journald") == 0;
}

static bool is_of_trace_log(int fd, const char *name) {
    (void)fd;
    return strcmp(name, "ledger-trace") == 0 || strcmp(name, "journald-trace") == 0;
}

/* Moves what is wanted into a new directory within; leaves none when there is nothing to move. */
static int set_content_aside(int fd, bool (*wanted)(int fd, const char *name), const char *stamp,
                             const struct tx_setup *setup) {
    char aside[STAMP_BYTES + 16];
    size_t n_moved = 0;
    int r = 0;

    snprintf(aside, sizeof(aside), "set-aside-%s", stamp);
    if (mkdirat(fd, aside, 0700) < 0 && errno != EEXIST)
        return -errno;
    if (geteuid() == 0 && fchownat(fd, aside, setup->uid, setup->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    _cleanup_(tx_fd_closep) int to = openat(fd, aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int listed = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = listed < 0 ? NULL : fdopendir(listed);
    if (to < 0 || !dir) {
        r = -errno;
        tx_fd_closep(&listed);
        return r;
    }
    for (struct dirent *e = readdir(dir); e && r >= 0; e = readdir(dir)) {
        if (!wanted(fd, e->d_name))
            continue;
        if (renameat(fd, e->d_name, to, e->d_name) < 0)
            r = -errno;
        else
            n_moved++;
    }
    closedir(dir);
    if (r >= 0 && n_moved == 0)
        unlinkat(fd, aside, AT_REMOVEDIR);
    if (r >= 0 && (fsync(to) < 0 || fsync(fd) < 0))
        r = -errno;
    return r;
}

/* An old log that never came to be leaves nothing behind. */
static int set_log_aside(const char *path, const char *log_dir, const char *stamp) {
    char aside[PATH_BYTES], suffix[STAMP_BYTES + 16];

    snprintf(suffix, sizeof(suffix), ".set-aside-%s", stamp);
    int r = beside(log_dir, suffix, aside);
    if (r < 0)
        return r;
    if (rmdir(path) == 0)
        return sync_above(log_dir);
    struct stat st;
    if (lstat(aside, &st) == 0)
        return -EEXIST; /* twice within a second */
    if (rename(path, aside) < 0)
        return -errno;
    tx_log(TX_LOG_NOTICE, "the log before is now %s", aside);
    return sync_above(log_dir);
}

/* --- the new directory --- */

/* What the new log says of the old one: its origin, a newline, its latest checkpoint. */
static int write_continues(int old_fd, int new_fd) {
    struct tx_bytes content = TX_BYTES_INIT;
    _cleanup_(tx_freep) char *origin = NULL;

    int r = tx_old_log_origin(old_fd, &origin);
    if (r >= 0)
        r = tx_bytes_append(&content, origin, strlen(origin));
    if (r >= 0)
        r = tx_bytes_append(&content, "\n", 1);
    if (r >= 0)
        r = tx_old_log_checkpoint(old_fd, origin, &content);
    if (r >= 0)
        r = tx_file_replace_at(new_fd, "continues", content.data, content.len, 0640);
    else if (r == -ENOENT || r == -EBADMSG) {
        tx_log(TX_LOG_WARNING, "the log before has no readable log.json and checkpoint, so the new "
                               "one cannot name it");
        r = 0;
    }
    tx_bytes_deinit(&content);
    return r;
}

static int make_new(const char *path, const struct tx_setup *setup, int old_fd, int *ret_fd) {
    const struct tx_directory_wish wish = {.mode = 0750,
                                           .set_owner = geteuid() == 0,
                                           .uid = setup->uid,
                                           .gid = setup->gid,
                                           .detached = tx_sandbox_landlock_version() == 0};

    _cleanup_(tx_fd_closep) int fd = -1;
    int r = tx_directory_open(path, &wish, &fd);
    if (r < 0)
        return r;
    r = tx_directory_lock(fd, 0);
    if (r < 0)
        return r;
    r = write_continues(old_fd, fd);
    if (r < 0)
        return r;
    if (geteuid() == 0 && fchownat(fd, "continues", setup->uid, setup->gid, 0) < 0 &&
        errno != ENOENT)
        return -errno;
    if (fsync(fd) < 0)
        return -errno;
    *ret_fd = tx_fd_steal(&fd);
    return sync_above(path);
}

static void replace_fd(int *fd, int with) {
    tx_fd_closep(fd);
    *fd = with;
}

int tx_new_log_begin(const struct tx_conf *conf, enum tx_stream_id id, struct tx_setup *setup) {
    const struct tx_stream *stream = &conf->streams[id];
    struct tx_setup_stream *to = &setup->streams[id];
    char fresh[PATH_BYTES], stamp[STAMP_BYTES];
    _cleanup_(tx_fd_closep) int new_fd = -1;

    make_stamp(stamp);
    int r = beside(stream->log_dir, ".new", fresh);
    if (r < 0)
        return tell(r, "cannot name a new log beside", stream->log_dir);
    r = make_new(fresh, setup, to->log_fd, &new_fd);
    if (r < 0)
        return tell(r, "cannot make", fresh);
    r = set_content_aside(to->keys_fd, is_of_signer, stamp, setup);
    if (r < 0)
        return tell(r, "cannot set the signer's files aside in", stream->keys_dir);
    r = set_content_aside(setup->state_fd, id == TX_STREAM_AUDIT ? is_of_log : is_of_trace_log,
                          stamp, setup);
    if (r < 0)
        return tell(r, "cannot set the cursors aside in", conf->state_dir);
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, stream->log_dir, RENAME_EXCHANGE) < 0)
        return tell(-errno, "cannot exchange the old log and the new one at", stream->log_dir);
    r = sync_above(stream->log_dir);
    if (r >= 0)
        r = set_log_aside(fresh, stream->log_dir, stamp);
    if (r < 0)
        return tell(r, "cannot set the old log aside:", fresh);
    tx_log(TX_LOG_NOTICE,
           "a new log begins in %s; the keys before are in %s/set-aside-%s. Auditors need the new "
           "public keys: tracexctl keys export",
           stream->log_dir, stream->keys_dir, stamp);
    replace_fd(&to->log_fd, tx_fd_steal(&new_fd));
    return 0;
}

int tx_new_log_recover(const struct tx_conf *conf, enum tx_stream_id id) {
    const struct tx_stream *stream = &conf->streams[id];
    char fresh[PATH_BYTES], stamp[STAMP_BYTES];

    int r = beside(stream->log_dir, ".new", fresh);
    if (r < 0)
        return tell(r, "cannot name a new log beside", stream->log_dir);
    _cleanup_(tx_fd_closep) int fd = open(fresh, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : tell(-errno, "cannot look at", fresh);
    make_stamp(stamp);
    if (faccessat(fd, "log.json", F_OK, 0) == 0)
        return tell(set_log_aside(fresh, stream->log_dir, stamp),
                    "cannot set the old log aside:", fresh);
    /* It stopped before the exchange: what was prepared is of no use. */
    if (unlinkat(fd, "continues", 0) < 0 && errno != ENOENT)
        return tell(-errno, "cannot empty", fresh);
    unlinkat(fd, "continues.tmp", 0);
    if (rmdir(fresh) < 0)
        return tell(-errno, "cannot remove", fresh);
    return 0;
}
