/* SPDX-License-Identifier: MIT */
#include "auditd/signer/keys.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libtx/base/fd.h"

void tx_keys_deinit(struct tx_keys *keys) {
    tx_signing_key_free(keys->identity);
    tx_signing_key_free(keys->active);
    tx_signing_key_free(keys->pending);
    *keys = (struct tx_keys){.identity = NULL};
}

void tx_keys_epoch_name(uint64_t epoch, char ret[TX_KEYS_NAME_BYTES]) {
    snprintf(ret, TX_KEYS_NAME_BYTES, "epoch-%llu.key", (unsigned long long)epoch);
}

static int make(int dirfd, struct tx_hasher *hasher, struct tx_text key_name, uint8_t type,
                const char *file_name, struct tx_signing_key **ret) {
    _cleanup_(tx_signing_key_freep) struct tx_signing_key *key = NULL;
    int r = tx_signing_key_generate(hasher, key_name, type, &key);
    if (r < 0)
        return r;
    r = tx_signing_key_store_at(key, dirfd, file_name);
    if (r < 0)
        return r;
    *ret = TX_STEAL(key);
    return 0;
}

int tx_keys_make_identity(int dirfd, struct tx_hasher *hasher, struct tx_text origin,
                          struct tx_signing_key **ret) {
    return make(dirfd, hasher, origin, TX_KEY_ED25519, TX_KEYS_IDENTITY, ret);
}

int tx_keys_make_epoch(int dirfd, struct tx_hasher *hasher, struct tx_text origin, uint64_t epoch,
                       struct tx_signing_key **ret) {
    char file_name[TX_KEYS_NAME_BYTES], memory[TX_KEY_NAME_BYTES];
    struct tx_buf name = tx_buf_of(memory, sizeof(memory));
    tx_buf_put(&name, origin.p, origin.n);
    tx_buf_str(&name, "/epoch/");
    tx_buf_dec(&name, epoch);
    if (name.full)
        return -ENAMETOOLONG;
    tx_keys_epoch_name(epoch, file_name);
    return make(dirfd, hasher, (struct tx_text){memory, name.len}, TX_KEY_COSIGNATURE, file_name,
                ret);
}

int tx_keys_load(int dirfd, struct tx_hasher *hasher, const char *name,
                 const struct tx_vkey *expected, struct tx_signing_key **ret) {
    _cleanup_(tx_signing_key_freep) struct tx_signing_key *key = NULL;
    int r = tx_signing_key_load_at(hasher, dirfd, name, &key);
    if (r == -ENOENT || r == -EBADMSG)
        return TX_KEYS_E_LOST;
    if (r < 0)
        return r;
    if (!tx_vkey_equal(tx_signing_key_vkey(key), expected))
        return TX_KEYS_E_LOST;
    *ret = TX_STEAL(key);
    return 0;
}

static int erase(int dirfd, const char *name) {
    int r = tx_signing_key_erase_at(dirfd, name);
    return r == -ENOENT ? 0 : r;
}

int tx_keys_erase_epoch(int dirfd, uint64_t epoch) {
    char name[TX_KEYS_NAME_BYTES];
    tx_keys_epoch_name(epoch, name);
    return erase(dirfd, name);
}

static bool cut_suffix(struct tx_text *text, struct tx_text suffix) {
    if (text->n < suffix.n || memcmp(text->p + text->n - suffix.n, suffix.p, suffix.n) != 0)
        return false;
    text->n -= suffix.n;
    return true;
}

/* "epoch-<E>.key", also while it is being stored. */
static bool is_epoch_key(const char *name, uint64_t *ret_epoch) {
    static const struct tx_text prefix = TX_TEXT("epoch-");
    struct tx_text text = {.p = name, .n = strlen(name)};
    cut_suffix(&text, TX_TEXT(".tmp"));
    if (!tx_text_starts(text, prefix) || !cut_suffix(&text, TX_TEXT(".key")) || text.n < prefix.n)
        return false;
    text.p += prefix.n;
    text.n -= prefix.n;
    return tx_dec_decode(text, ret_epoch) == 0;
}

static bool is_identity_key(const char *name) {
    return strcmp(name, TX_KEYS_IDENTITY) == 0 || strcmp(name, TX_KEYS_IDENTITY ".tmp") == 0;
}

static void dir_closep(DIR **dir) {
    if (*dir)
        closedir(*dir);
}

static int open_dir(int dirfd, DIR **ret) {
    _cleanup_(tx_fd_closep) int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret = fdopendir(fd);
    if (!*ret)
        return -errno;
    tx_fd_steal(&fd);
    return 0;
}

int tx_keys_any(int dirfd, bool *ret) {
    _cleanup_(dir_closep) DIR *dir = NULL;
    uint64_t epoch;
    int r = open_dir(dirfd, &dir);
    if (r < 0)
        return r;
    bool any = false;
    errno = 0;
    for (struct dirent *entry; !any && (entry = readdir(dir));)
        any = is_identity_key(entry->d_name) || is_epoch_key(entry->d_name, &epoch);
    if (errno)
        return -errno;
    *ret = any;
    return 0;
}

typedef bool (*chooser)(uint64_t epoch, uint64_t kept, bool has_next);

static bool choose_all(uint64_t epoch, uint64_t kept, bool has_next) {
    (void)epoch, (void)kept, (void)has_next;
    return true;
}

static bool choose_others(uint64_t epoch, uint64_t kept, bool has_next) {
    return epoch != kept && !(has_next && epoch == kept + 1);
}

static int erase_chosen(int dirfd, chooser choose, uint64_t kept, bool has_next) {
    _cleanup_(dir_closep) DIR *dir = NULL;
    uint64_t epoch;
    int r = open_dir(dirfd, &dir);
    if (r < 0)
        return r;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(dir)); errno = 0) {
        if (!is_epoch_key(entry->d_name, &epoch) || !choose(epoch, kept, has_next))
            continue;
        r = tx_keys_erase_epoch(dirfd, epoch);
        if (r < 0)
            return r;
    }
    return -errno;
}

int tx_keys_erase_all(int dirfd) {
    int r = erase_chosen(dirfd, choose_all, 0, false);
    return r < 0 ? r : erase(dirfd, TX_KEYS_IDENTITY);
}

int tx_keys_erase_others(int dirfd, uint64_t epoch, bool has_next) {
    return erase_chosen(dirfd, choose_others, epoch, has_next);
}
