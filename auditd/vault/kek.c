/* SPDX-License-Identifier: MIT */
#include "auditd/vault/kek.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/crypto/secret.h"

void tx_kek_deinit(struct tx_kek *kek) {
    tx_hmac_free(kek->index);
    tx_aead_key_free(kek->wrap);
    *kek = (struct tx_kek){.index = NULL};
}

int tx_kek_make(int dirfd) {
    uint8_t bytes[TX_KEK_BYTES];
    int r = -EIO;
    if (getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes))
        r = tx_file_replace_at(dirfd, TX_KEK_FILE, bytes, sizeof(bytes), 0400);
    tx_wipe(bytes, sizeof(bytes));
    return r;
}

static void derive(struct tx_hmac *hmac, const char *purpose, struct tx_digest *ret) {
    tx_hmac(hmac, purpose, strlen(purpose), ret);
}

/* HMAC-SHA-256 under the key-encryption key, of what the key is for. */
static int set_up(const uint8_t bytes[TX_KEK_BYTES], const struct tx_aead *aead,
                  struct tx_kek *ret) {
    _cleanup_(tx_hmac_freep) struct tx_hmac *hmac = NULL;
    _cleanup_(tx_kek_deinit) struct tx_kek kek = {.index = NULL};
    struct tx_digest key;

    int r = tx_hmac_new(bytes, TX_KEK_BYTES, &hmac);
    if (r < 0)
        return r;
    derive(hmac, "tracex-vault-v1 mark", &key);
    memcpy(kek.mark, key.bytes, sizeof(kek.mark));
    derive(hmac, "tracex-vault-v1 index", &key);
    r = tx_hmac_new(key.bytes, sizeof(key.bytes), &kek.index);
    if (r == 0) {
        derive(hmac, "tracex-vault-v1 wrap", &key);
        r = tx_aead_key_new(aead, key.bytes, &kek.wrap);
    }
    tx_wipe(&key, sizeof(key));
    if (r < 0)
        return r;
    *ret = kek;
    kek = (struct tx_kek){.index = NULL};
    return 0;
}

static int open_file(int dirfd, int *ret_fd) {
    struct stat st;
    _cleanup_(tx_fd_closep) int fd =
        openat(dirfd, TX_KEK_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return TX_KEK_E_MODE;
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

int tx_kek_load(int dirfd, int given_fd, const struct tx_aead *aead, struct tx_kek *ret) {
    _cleanup_(tx_fd_closep) int own_fd = -1;
    size_t n;
    int r = given_fd >= 0 ? 0 : open_file(dirfd, &own_fd);
    if (r != 0)
        return r;
    uint8_t *bytes = tx_secret_alloc(TX_KEK_BYTES + 1);
    if (!bytes)
        return -ENOMEM;
    r = tx_fd_pread_full(given_fd >= 0 ? given_fd : own_fd, bytes, TX_KEK_BYTES + 1, 0, &n);
    if (r == 0)
        r = n == TX_KEK_BYTES ? set_up(bytes, aead, ret) : TX_KEK_E_DAMAGED;
    tx_secret_free(bytes, TX_KEK_BYTES + 1);
    return r;
}
