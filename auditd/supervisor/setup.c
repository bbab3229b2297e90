/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/setup.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/sandbox/sandbox.h"
#include "auditd/supervisor/directory.h"
#include "auditd/supervisor/memfd.h"
#include "auditd/supervisor/old-log.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

#define LOCK_WAIT_NS (INT64_C(5) * 1000000000)

#define KEY_NAME "pseudonym.key"
#define KEY_BYTES 32

#define VAULT_TABLE "subjects" /* the vault makes it with its first key-encryption key */
#define VAULT_CREDENTIAL "tracex-vault-kek"

/* --- whom the children become --- */

/* Where the file says `user:`, for a message as libtx/conf writes them. */
static void place_of_user(struct tx_text text, unsigned *ret_line, unsigned *ret_column) {
    unsigned line = 1;
    *ret_line = *ret_column = 1;
    for (size_t i = 0; i < text.n; i++) {
        struct tx_text rest = {.p = text.p + i, .n = text.n - i};
        if ((i == 0 || text.p[i - 1] == '\n') && tx_text_starts(rest, TX_TEXT("user:"))) {
            size_t skip = 5;
            while (skip < rest.n && rest.p[skip] == ' ')
                skip++;
            *ret_line = line;
            *ret_column = (unsigned)skip + 1;
            return;
        }
        line += text.p[i] == '\n';
    }
}

int tx_setup_user(const struct tx_conf *conf, const char *path, struct tx_text text,
                  struct tx_setup *setup) {
    setup->change_user = false;
    setup->uid = geteuid();
    setup->gid = getegid();
    if (!conf->user)
        return 0;

    unsigned line, column;
    place_of_user(text, &line, &column);
    errno = 0;
    const struct passwd *entry = getpwnam(conf->user);
    if (!entry) {
        tx_log(TX_LOG_ERROR,
               "%s:%u:%u: user \"%s\" is not known on this machine; make it (for a service: "
               "systemd-sysusers), or leave `user` out",
               path, line, column, conf->user);
        return -ENOENT;
    }
    if (geteuid() != 0 && entry->pw_uid != geteuid()) {
        tx_log(TX_LOG_ERROR,
               "%s:%u:%u: only root can become user \"%s\"; start it as root, or leave `user` out",
               path, line, column, conf->user);
        return -EPERM;
    }
    setup->change_user = geteuid() == 0;
    setup->uid = entry->pw_uid;
    setup->gid = entry->pw_gid;
    return 0;
}

/* --- directories --- */

static int open_quietly(const char *path, const struct tx_setup *setup, mode_t mode,
                        mode_t forbidden, int *ret_fd) {
    const struct tx_directory_wish wish = {.mode = mode,
                                           .forbidden = forbidden,
                                           .set_owner = geteuid() == 0,
                                           .uid = setup->uid,
                                           .gid = setup->gid,
                                           .detached = tx_sandbox_landlock_version() == 0};
    return tx_directory_open(path, &wish, ret_fd);
}

static int open_one(const char *path, const char *key, const struct tx_setup *setup, mode_t mode,
                    mode_t forbidden, int *ret_fd) {
    int r = open_quietly(path, setup, mode, forbidden, ret_fd);
    if (r < 0)
        tx_log(TX_LOG_ERROR, "%s: directory %s cannot be used: %s", key, path, strerror(-r));
    return r;
}

static int open_state(const char *state_dir, const char *name, const struct tx_setup *setup,
                      int *ret_fd) {
    _cleanup_(tx_freep) char *path = NULL;
    if (asprintf(&path, "%s/%s", state_dir, name) < 0)
        return -ENOMEM;
    return open_one(path, "state_dir", setup, 0700, 0022, ret_fd);
}

bool tx_setup_wants_vault(const struct tx_conf *conf, const struct tx_setup *setup) {
    return tx_masking_encrypts(&conf->masking) ||
           (setup->vault_fd >= 0 && faccessat(setup->vault_fd, VAULT_TABLE, F_OK, 0) == 0);
}

/* systemd.exec(5), LoadCredential= */
static void open_kek(struct tx_setup *setup) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    _cleanup_(tx_freep) char *path = NULL;
    if (directory && asprintf(&path, "%s/" VAULT_CREDENTIAL, directory) >= 0)
        setup->kek_fd = open(path, O_RDONLY | O_CLOEXEC);
}

/* It is opened also when nothing needs it: a reload may bring the first rule that encrypts, and
 * then we cannot make directories for others any more. */
static int open_vault(const struct tx_conf *conf, struct tx_setup *setup) {
    bool needed = tx_masking_encrypts(&conf->masking);
    int r = needed ? open_one(conf->vault_dir, "vault.dir", setup, 0700, 0077, &setup->vault_fd)
                   : open_quietly(conf->vault_dir, setup, 0700, 0077, &setup->vault_fd);
    open_kek(setup);
    return needed ? r : 0;
}

/* What names them in the configuration. */
static const struct {
    const char *dir, *keys_dir, *origin, *new_log;
} keys[TX_STREAM_N] = {[TX_STREAM_AUDIT] = {"log.dir", "keys.dir", "log.origin", "--new-log"},
                       [TX_STREAM_TRACE] = {"streams.trace.dir", "streams.trace.keys_dir",
                                            "streams.trace.origin", "--new-log=trace"}};

static int lock_log(const struct tx_stream *stream, int log_fd) {
    int r = tx_directory_lock(log_fd, LOCK_WAIT_NS);
    if (r == -EBUSY)
        tx_log(TX_LOG_ERROR,
               "%s: another tracex-auditd writes this log; one log has one daemon: stop that one, "
               "or give this one a directory of its own",
               stream->log_dir);
    else if (r < 0)
        tx_log(TX_LOG_ERROR, "%s cannot be locked: %s", stream->log_dir, strerror(-r));
    return r;
}

static int open_stream(const struct tx_conf *conf, enum tx_stream_id id, struct tx_setup *setup) {
    const struct tx_stream *stream = &conf->streams[id];
    struct tx_setup_stream *to = &setup->streams[id];

    int r = open_one(stream->log_dir, keys[id].dir, setup, 0750, 0002, &to->log_fd);
    if (r >= 0)
        r = lock_log(stream, to->log_fd);
    if (r < 0)
        return r;
    /* 0077: no one but their owner has a business with keys. */
    r = open_one(stream->keys_dir, keys[id].keys_dir, setup, 0700, 0077, &to->keys_fd);
    to->is_open = r == 0;
    return r;
}

/* The audit log does without the others. They are opened also when nothing needs them yet: later we
 * cannot make directories for others any more. */
static void open_other_streams(const struct tx_conf *conf, struct tx_setup *setup) {
    for (int i = TX_STREAM_AUDIT + 1; i < TX_STREAM_N; i++)
        if (open_stream(conf, (enum tx_stream_id)i, setup) < 0)
            tx_log(TX_LOG_WARNING, "there is no %s log: what is meant for it is lost",
                   tx_stream_name((enum tx_stream_id)i));
}

int tx_setup_directories(const struct tx_conf *conf, struct tx_setup *setup) {
    int r = open_stream(conf, TX_STREAM_AUDIT, setup);
    if (r < 0)
        return r;
    r = open_one(conf->state_dir, "state_dir", setup, 0750, 0002, &setup->state_fd);
    if (r >= 0)
        r = open_vault(conf, setup);
    if (r >= 0)
        open_other_streams(conf, setup);
    return r;
}

/* --- content --- */

static int make_key(int keys_fd, uint8_t key[KEY_BYTES]) {
    if (getrandom(key, KEY_BYTES, 0) != KEY_BYTES)
        return -EIO;
    return tx_file_replace_at(keys_fd, KEY_NAME, key, KEY_BYTES, 0600);
}

static int open_key(const struct tx_conf *conf, struct tx_setup *setup) {
    const char *keys_dir = conf->streams[TX_STREAM_AUDIT].keys_dir;
    int keys_fd = setup->streams[TX_STREAM_AUDIT].keys_fd;
    struct tx_bytes content = TX_BYTES_INIT;
    uint8_t key[KEY_BYTES];

    int r = tx_file_read_at(keys_fd, KEY_NAME, KEY_BYTES, &content);
    if (r >= 0 && content.len == KEY_BYTES)
        memcpy(key, content.data, KEY_BYTES);
    else if (r == -ENOENT)
        r = make_key(keys_fd, key);
    else if (r >= 0 || r == -EFBIG)
        r = -EBADMSG;
    if (content.data)
        explicit_bzero(content.data, content.cap);
    tx_bytes_deinit(&content);
    if (r >= 0)
        r = tx_memfd_sealed("tracex-pseudonym-key", key, sizeof(key), &setup->key_fd);
    explicit_bzero(key, sizeof(key));
    if (r == -EBADMSG)
        tx_log(TX_LOG_ERROR,
               "%s/" KEY_NAME " is not %d bytes long; restore it, or remove it to have a new one "
               "(values hashed before will not equal those after)",
               keys_dir, KEY_BYTES);
    else if (r < 0)
        tx_log(TX_LOG_ERROR, "%s/" KEY_NAME ": %s", keys_dir, strerror(-r));
    return r;
}

/* A log that nobody named is named after the audit log, as that is called. */
static char *default_origin(const struct tx_conf *conf, enum tx_stream_id id,
                            const struct tx_setup *setup) {
    if (id == TX_STREAM_AUDIT || !conf->streams[id].origin_is_default)
        return strdup(conf->streams[id].origin);
    return tx_stream_origin_beside(setup->streams[TX_STREAM_AUDIT].origin, id);
}

/* The log keeps its name, whatever the host is called by now. */
static int choose_origin(const struct tx_conf *conf, enum tx_stream_id id, struct tx_setup *setup) {
    const struct tx_stream *stream = &conf->streams[id];
    _cleanup_(tx_freep) char *existing = NULL, *wanted = default_origin(conf, id, setup);

    if (!wanted)
        return -ENOMEM;
    int r = tx_old_log_origin(setup->streams[id].log_fd, &existing);
    if (r == -EBADMSG) {
        tx_log(TX_LOG_ERROR,
               "%s/log.json cannot be understood; restore it from a copy, or begin a new log: "
               "tracex-auditd %s",
               stream->log_dir, keys[id].new_log);
        return r;
    }
    if (r < 0 && r != -ENOENT) {
        tx_log(TX_LOG_ERROR, "%s/log.json: %s", stream->log_dir, strerror(-r));
        return r;
    }
    if (existing && strcmp(existing, wanted) != 0 && !stream->origin_is_default) {
        tx_log(TX_LOG_ERROR,
               "%s belongs to origin \"%s\", and %s says \"%s\"; a log's name is fixed "
               "for its life: correct %s, choose another %s, or begin a new log "
               "(tracex-auditd %s)",
               stream->log_dir, existing, keys[id].origin, wanted, keys[id].origin, keys[id].dir,
               keys[id].new_log);
        return -EEXIST;
    }
    setup->streams[id].origin = existing ? TX_STEAL(existing) : TX_STEAL(wanted);
    return 0;
}

static int open_states(const struct tx_conf *conf, enum tx_stream_id id, struct tx_setup *setup) {
    static const char *const names[TX_STREAM_N][2] = {
        [TX_STREAM_AUDIT] = {"ledger", "journald"},
        [TX_STREAM_TRACE] = {"ledger-trace", "journald-trace"}};
    struct tx_setup_stream *stream = &setup->streams[id];

    int r = open_state(conf->state_dir, names[id][0], setup, &stream->ledger_state_fd);
    if (r < 0 || !conf->streams[id].journald_enabled)
        return r;
    r = open_state(conf->state_dir, names[id][1], setup, &stream->forward_state_fd);
    if (r < 0)
        return r;
    stream->forward_log_fd = openat(stream->log_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return stream->forward_log_fd < 0 ? -errno : 0;
}

/* Of each log, the audit log first. */
static int open_content(const struct tx_conf *conf, struct tx_setup *setup) {
    int r = 0;

    for (int i = 0; r >= 0 && i < TX_STREAM_N; i++) {
        enum tx_stream_id id = (enum tx_stream_id)i;
        if (!setup->streams[id].is_open)
            continue;
        r = choose_origin(conf, id, setup);
        if (r >= 0)
            r = open_states(conf, id, setup);
        if (r < 0 && r != -ENOMEM && id != TX_STREAM_AUDIT) {
            tx_log(TX_LOG_WARNING, "what is meant for the %s log is lost", tx_stream_name(id));
            setup->streams[id].is_open = false;
            r = 0;
        }
    }
    return r;
}

bool tx_setup_has_log(const struct tx_setup *setup, enum tx_stream_id id) {
    const struct tx_setup_stream *stream = &setup->streams[id];
    return stream->is_open && faccessat(stream->log_fd, "log.json", F_OK, 0) == 0;
}

static int make_memory(struct tx_text config_text, struct tx_setup *setup) {
    int r = 0;
    if (setup->inbox_fd < 0)
        r = tx_memfd_fixed("tracex-inbox", TX_INGEST_INBOX_BYTES, &setup->inbox_fd);
    if (r == 0 && setup->rings_fd < 0)
        r = tx_memfd_fixed("tracex-rings", TX_INGEST_RINGS_BYTES, &setup->rings_fd);
    if (r < 0)
        return r;
    return tx_memfd_sealed("tracex-config", config_text.p, config_text.n, &setup->config_fd);
}

/* Each connection costs a descriptor here and one in ingest, which inherits the limit. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int tx_setup_content(const struct tx_conf *conf, struct tx_text config_text,
                     struct tx_setup *setup) {
    raise_descriptor_limit();
    int r = open_content(conf, setup);
    if (r < 0)
        return r;
    r = open_key(conf, setup);
    if (r < 0)
        return r;
    r = make_memory(config_text, setup);
    if (r < 0)
        tx_log(TX_LOG_ERROR, "memory for ingest cannot be made: %s", strerror(-r));
    return r;
}

static void close_stream(struct tx_setup_stream *stream) {
    int *fds[] = {&stream->log_fd, &stream->forward_log_fd, &stream->keys_fd,
                  &stream->ledger_state_fd, &stream->forward_state_fd};
    for (size_t i = 0; i < TX_COUNT_OF(fds); i++)
        tx_fd_closep(fds[i]);
    free(stream->origin);
    stream->origin = NULL;
}

void tx_setup_deinit(struct tx_setup *setup) {
    int *fds[] = {&setup->state_fd, &setup->inbox_fd, &setup->config_fd, &setup->policy_fd,
                  &setup->key_fd,   &setup->vault_fd, &setup->kek_fd,    &setup->rings_fd};
    for (size_t i = 0; i < TX_COUNT_OF(fds); i++)
        tx_fd_closep(fds[i]);
    for (int i = 0; i < TX_STREAM_N; i++)
        close_stream(&setup->streams[i]);
}
