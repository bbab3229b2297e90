/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/policy-keys.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/child.h"
#include "auditd/ipc/log.h"
#include "auditd/ipc/policy.h"
#include "auditd/supervisor/memfd.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/secret.h"

#define KEY_MIN TX_IPC_POLICY_KEY_BYTES_MIN
#define KEY_MAX TX_IPC_POLICY_KEY_BYTES_MAX

static const char how_to_make[] =
    "make it with: head -c 32 /dev/urandom, readable by its owner alone";

struct opening {
    const struct tx_setup *setup;
    const char *name;
    bool may_lack_credentials;
    struct tx_bytes *errors;
    size_t n_bad;
};

static TX_PRINTF(3, 4) int tell(struct opening *o, const struct tx_masking_key *key,
                                const char *format, ...) {
    _cleanup_(tx_freep) char *text = NULL, *line = NULL;
    va_list args;

    o->n_bad++;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0)
        return -ENOMEM;
    n = asprintf(&line, "%s:%zu:%zu: the key '%s' cannot be used: %s\n", o->name, key->line,
                 key->column, key->id, text);
    return n < 0 ? -ENOMEM : tx_bytes_append(o->errors, line, (size_t)n);
}

/* --- one key --- */

/* Root without capabilities may not read what belongs to the user of the children. */
static int open_as_either(const struct tx_setup *setup, const char *path) {
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    const struct tx_child_options child = {
        .change_user = setup->change_user, .uid = setup->uid, .gid = setup->gid};

    int fd = open(path, flags);
    if (fd >= 0 || errno != EACCES || !setup->change_user)
        return fd < 0 ? -errno : fd;
    int r = tx_child_user_enter(&child);
    if (r < 0)
        return r;
    fd = open(path, flags);
    int error = errno;
    r = tx_child_user_leave(&child);
    if (r < 0 && fd >= 0)
        tx_fd_closep(&fd);
    return r < 0 ? r : fd < 0 ? -error : fd;
}

/* Whoever else may write or read it could mask as we do, or undo it. */
static int check_file(struct opening *o, const struct tx_masking_key *key, const char *path,
                      const struct stat *st) {
    if (!S_ISREG(st->st_mode))
        return tell(o, key, "%s is not a regular file", path);
    if (key->source == TX_KEY_CREDENTIAL) /* the service manager sees to its directory */
        return 0;
    if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != o->setup->uid)
        return tell(o, key,
                    "%s belongs to user %u; it has to belong to root or to the daemon's user", path,
                    st->st_uid);
    if (st->st_mode & 077)
        return tell(o, key, "%s can be read or written by others: run chmod 0400 on it", path);
    return 0;
}

static int read_file(struct opening *o, const struct tx_masking_key *key, const char *path,
                     uint8_t *to, uint8_t *ret_n) {
    uint8_t bytes[KEY_MAX + 1];
    struct stat st;
    size_t n = 0, before = o->n_bad;

    _cleanup_(tx_fd_closep) int fd = open_as_either(o->setup, path);
    if (fd == -ENOENT)
        return tell(o, key, "there is no %s; %s", path, how_to_make);
    if (fd < 0)
        return tell(o, key, "%s: %s", path, strerror(-fd));
    if (fstat(fd, &st) < 0)
        return tell(o, key, "%s: %s", path, strerror(errno));
    int r = check_file(o, key, path, &st);
    if (r < 0 || o->n_bad > before)
        return r;
    r = tx_fd_pread_full(fd, bytes, sizeof(bytes), 0, &n);
    if (r < 0)
        r = tell(o, key, "%s: %s", path, strerror(-r));
    else if (n < KEY_MIN || n > KEY_MAX)
        r = tell(o, key, "%s has %s bytes; a key has %d to %d; %s", path,
                 n > KEY_MAX ? "more" : "fewer", KEY_MIN, KEY_MAX, how_to_make);
    else
        memcpy(to, bytes, n);
    *ret_n = n <= KEY_MAX ? (uint8_t)n : 0;
    tx_wipe(bytes, sizeof(bytes));
    return r;
}

static int read_credential(struct opening *o, const struct tx_masking_key *key, uint8_t *to,
                           uint8_t *ret_n) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    _cleanup_(tx_freep) char *path = NULL;

    if (!directory && o->may_lack_credentials) {
        tx_log(TX_LOG_WARNING,
               "%s:%zu:%zu: the key '%s' is a credential, which only the service has: not checked",
               o->name, key->line, key->column, key->id);
        return 0;
    }
    if (!directory)
        return tell(o, key,
                    "the service manager gave no credentials; add LoadCredential=%s:PATH to the "
                    "unit, or use {source: file, path: …}",
                    key->name);
    if (asprintf(&path, "%s/%s", directory, key->name) < 0)
        return -ENOMEM;
    return read_file(o, key, path, to, ret_n);
}

/* --- all --- */

static int open_all(struct opening *o, const struct tx_masking *masking,
                    struct tx_policy_keys *keys) {
    int r = 0;

    for (size_t i = 0; r == 0 && i < masking->n_keys; i++) {
        const struct tx_masking_key *key = &masking->keys[i];
        uint8_t *to = keys->bytes + i * KEY_MAX;
        if (key->source == TX_KEY_FILE)
            r = read_file(o, key, key->name, to, &keys->n_bytes[i]);
        else if (key->source == TX_KEY_CREDENTIAL)
            r = read_credential(o, key, to, &keys->n_bytes[i]);
    }
    return r < 0 ? r : o->n_bad > 0 ? TX_POLICY_KEYS_E_UNUSABLE : 0;
}

int tx_policy_keys_open(const struct tx_masking *masking, const struct tx_setup *setup,
                        const char *name, bool may_lack_credentials, struct tx_bytes *errors,
                        struct tx_policy_keys *ret) {
    struct opening o = {.setup = setup,
                        .name = name,
                        .may_lack_credentials = may_lack_credentials,
                        .errors = errors};
    struct tx_policy_keys keys = {.n = masking->n_keys};

    if (keys.n > 0 && !(keys.bytes = tx_secret_alloc(keys.n * KEY_MAX)))
        return -ENOMEM;
    int r = open_all(&o, masking, &keys);
    if (r != 0)
        tx_policy_keys_deinit(&keys);
    else
        *ret = keys;
    return r;
}

void tx_policy_keys_deinit(struct tx_policy_keys *keys) {
    tx_secret_free(keys->bytes, keys->n * KEY_MAX);
    *keys = (struct tx_policy_keys){.n = 0};
}

/* --- for ingest --- */

static int take_installation_key(const struct tx_setup *setup, uint8_t bytes[KEY_MAX],
                                 size_t *ret_n) {
    if (setup->key_fd < 0)
        return -EBADF;
    return tx_fd_pread_full(setup->key_fd, bytes, KEY_MAX, 0, ret_n);
}

static int seal(const struct tx_ipc_policy *policy, int *ret_fd) {
    size_t cap = policy->text.n + TX_IPC_POLICY_OVERHEAD_BYTES;
    uint8_t *memory = tx_secret_alloc(cap);
    struct tx_buf b = tx_buf_of(memory, cap);

    if (!memory)
        return -ENOMEM;
    tx_ipc_policy_render(policy, &b);
    int r = b.full ? -EFBIG : tx_memfd_sealed("tracex-policy", memory, b.len, ret_fd);
    tx_secret_free(memory, cap);
    return r;
}

int tx_policy_keys_seal(const struct tx_conf *conf, const struct tx_policy_keys *keys,
                        const struct tx_setup *setup, const uint8_t *sha256, int *ret_fd) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    struct tx_ipc_policy policy = {.has_sha256 = sha256 != NULL, .n_keys = keys->n};
    uint8_t installation[KEY_MAX];
    size_t n_installation;

    int r = tx_conf_render_to_hand_on(conf, &text);
    if (r == 0)
        r = take_installation_key(setup, installation, &n_installation);
    if (r < 0)
        return r;
    if (sha256)
        memcpy(policy.sha256, sha256, sizeof(policy.sha256));
    policy.text = (struct tx_text){.p = (const char *)text.data, .n = text.len};
    for (size_t i = 0; i < keys->n; i++) {
        const char *id = conf->masking.keys[i].id;
        bool own = keys->n_bytes[i] > 0;
        policy.keys[i] = (struct tx_ipc_policy_key){
            .id = {.p = id, .n = strlen(id)},
            .bytes = own ? keys->bytes + i * KEY_MAX : installation,
            .n = own ? keys->n_bytes[i] : n_installation,
        };
    }
    r = seal(&policy, ret_fd);
    tx_wipe(installation, sizeof(installation));
    return r;
}
