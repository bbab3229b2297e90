/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/signing.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/crypto/note.h"
#include "libtx/crypto/secret.h"

#define SEED_BYTES 32
#define FILE_PREFIX "PRIVATE+KEY+"
#define FILE_BYTES (sizeof(FILE_PREFIX) + TX_VKEY_TEXT_BYTES)

/* Lies whole in secret memory. */
struct tx_signing_key {
    struct tx_vkey vkey;
    uint8_t seed[SEED_BYTES];
};

static void pkey_freep(EVP_PKEY **p) {
    EVP_PKEY_free(*p); /* wipes its copy of the seed */
}

static void md_ctx_freep(EVP_MD_CTX **p) {
    EVP_MD_CTX_free(*p);
}

/* OpenSSL's object is made for one signature and freed: the only copy that stays is ours. */
static EVP_PKEY *pkey_of(const uint8_t seed[SEED_BYTES]) {
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SEED_BYTES);
}

int tx_signing_key_from_seed(struct tx_hasher *hasher, struct tx_text name, uint8_t type,
                             const uint8_t seed[32], struct tx_signing_key **ret) {
    uint8_t public_key[TX_PUBLIC_KEY_BYTES];
    size_t n = sizeof(public_key);
    _cleanup_(pkey_freep) EVP_PKEY *pkey = pkey_of(seed);
    if (!pkey || EVP_PKEY_get_raw_public_key(pkey, public_key, &n) != 1)
        return -ENOMEM;
    _cleanup_(tx_signing_key_freep) struct tx_signing_key *key = tx_secret_alloc(sizeof(*key));
    if (!key)
        return -ENOMEM;
    int r = tx_vkey_make(hasher, name, type, public_key, &key->vkey);
    if (r < 0)
        return r;
    memcpy(key->seed, seed, SEED_BYTES);
    *ret = TX_STEAL(key);
    return 0;
}

int tx_signing_key_generate(struct tx_hasher *hasher, struct tx_text name, uint8_t type,
                            struct tx_signing_key **ret) {
    uint8_t seed[SEED_BYTES];
    if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        return -EIO;
    int r = tx_signing_key_from_seed(hasher, name, type, seed, ret);
    tx_wipe(seed, sizeof(seed));
    return r;
}

void tx_signing_key_free(struct tx_signing_key *key) {
    tx_secret_free(key, sizeof(*key));
}

const struct tx_vkey *tx_signing_key_vkey(const struct tx_signing_key *key) {
    return &key->vkey;
}

/* The vkey's text form has the same shape, with the public key in the seed's place. */
static int parse_file(struct tx_hasher *hasher, struct tx_text text, struct tx_signing_key **ret) {
    uint8_t type_and_seed[1 + SEED_BYTES], id[4];
    size_t n;

    if (!tx_text_starts(text, TX_TEXT(FILE_PREFIX)) || text.p[text.n - 1] != '\n')
        return -EBADMSG;
    struct tx_text name = {.p = text.p + sizeof(FILE_PREFIX) - 1};
    const char *end = text.p + text.n - 1;
    const char *plus = memchr(name.p, '+', (size_t)(end - name.p));
    if (!plus || end - plus < 10 || plus[9] != '+')
        return -EBADMSG;
    name.n = (size_t)(plus - name.p);
    if (tx_hex_decode((struct tx_text){plus + 1, 8}, id, sizeof(id)) < 0)
        return -EBADMSG;
    struct tx_text base64 = {.p = plus + 10, .n = (size_t)(end - plus - 10)};
    _cleanup_(tx_signing_key_freep) struct tx_signing_key *key = NULL;
    int r = tx_base64_decode(base64, type_and_seed, sizeof(type_and_seed), &n);
    if (r == 0 && n == sizeof(type_and_seed))
        r = tx_signing_key_from_seed(hasher, name, type_and_seed[0], type_and_seed + 1, &key);
    else
        r = -EBADMSG;
    tx_wipe(type_and_seed, sizeof(type_and_seed));
    if (r < 0)
        return r == -EINVAL ? -EBADMSG : r;
    if (memcmp(key->vkey.id, id, sizeof(id)) != 0)
        return -EBADMSG;
    *ret = TX_STEAL(key);
    return 0;
}

int tx_signing_key_load_at(struct tx_hasher *hasher, int dirfd, const char *name,
                           struct tx_signing_key **ret) {
    struct stat st;
    size_t n = 0;
    _cleanup_(tx_fd_closep) int fd =
        openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return -EPERM;
    char *memory = tx_secret_alloc(FILE_BYTES);
    if (!memory)
        return -ENOMEM;
    int r = tx_fd_pread_full(fd, memory, FILE_BYTES, 0, &n);
    if (r == 0)
        r = parse_file(hasher, (struct tx_text){memory, n}, ret);
    tx_secret_free(memory, FILE_BYTES);
    return r;
}

static void render_file(const struct tx_signing_key *key, struct tx_buf *b) {
    uint8_t type_and_seed[1 + SEED_BYTES];
    type_and_seed[0] = key->vkey.type;
    memcpy(type_and_seed + 1, key->seed, SEED_BYTES);
    tx_buf_str(b, FILE_PREFIX);
    tx_buf_put(b, key->vkey.name, key->vkey.n_name);
    tx_buf_char(b, '+');
    tx_buf_hex(b, key->vkey.id, sizeof(key->vkey.id));
    tx_buf_char(b, '+');
    tx_buf_base64(b, type_and_seed, sizeof(type_and_seed));
    tx_buf_char(b, '\n');
    tx_wipe(type_and_seed, sizeof(type_and_seed));
}

int tx_signing_key_store_at(const struct tx_signing_key *key, int dirfd, const char *name) {
    char *memory = tx_secret_alloc(FILE_BYTES);
    if (!memory)
        return -ENOMEM;
    struct tx_buf b = tx_buf_of(memory, FILE_BYTES);
    render_file(key, &b);
    int r = b.full ? -ENOBUFS : tx_file_replace_at(dirfd, name, b.data, b.len, 0600);
    tx_secret_free(memory, FILE_BYTES);
    return r;
}

static int overwrite(int fd) {
    static const uint8_t zeros[512];
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zeros)) {
        off_t left = st.st_size - at;
        size_t n = left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);
        int r = tx_fd_pwrite_all(fd, zeros, n, at);
        if (r < 0)
            return r;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int erase_file(int dirfd, const char *name) {
    _cleanup_(tx_fd_closep) int fd =
        openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    int r = overwrite(fd);
    if (r < 0)
        return r;
    if (unlinkat(dirfd, name, 0) < 0)
        return -errno;
    return fsync(dirfd) < 0 ? -errno : 0;
}

int tx_signing_key_erase_at(int dirfd, const char *name) {
    char temporary[256];
    int n = snprintf(temporary, sizeof(temporary), "%s.tmp", name);
    if (n < 0 || (size_t)n >= sizeof(temporary))
        return -ENAMETOOLONG;
    int r = erase_file(dirfd, temporary);
    if (r < 0 && r != -ENOENT)
        return r;
    return erase_file(dirfd, name);
}

static int sign(const struct tx_signing_key *key, const void *message, size_t n_message,
                uint8_t ret[TX_SIGNATURE_BYTES]) {
    size_t n = TX_SIGNATURE_BYTES;
    _cleanup_(pkey_freep) EVP_PKEY *pkey = pkey_of(key->seed);
    _cleanup_(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!pkey || !ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) != 1 ||
        EVP_DigestSign(ctx, ret, &n, message, n_message) != 1)
        return -ENOMEM;
    return 0;
}

static int sign_with_time(const struct tx_signing_key *key, struct tx_text text, uint64_t time,
                          uint8_t ret[8 + TX_SIGNATURE_BYTES]) {
    size_t cap = text.n + 64; /* "cosignature/v1\ntime <20 digits>\n" */
    _cleanup_(tx_freep) uint8_t *memory = malloc(cap);
    if (!memory)
        return -ENOMEM;
    struct tx_buf b = tx_buf_of(memory, cap);
    tx_note_cosigned_message(text, time, &b);
    for (size_t i = 0; i < 8; i++)
        ret[i] = (uint8_t)(time >> (56 - 8 * i));
    return sign(key, b.data, b.len, ret + 8);
}

int tx_signing_key_sign_note(const struct tx_signing_key *key, struct tx_text text, uint64_t time,
                             struct tx_buf *b) {
    uint8_t blob[8 + TX_SIGNATURE_BYTES];
    bool with_time = key->vkey.type == TX_KEY_COSIGNATURE;
    int r = with_time ? sign_with_time(key, text, time, blob) : sign(key, text.p, text.n, blob);
    if (r < 0)
        return r;
    tx_note_render_signature(&key->vkey, blob, TX_SIGNATURE_BYTES + (with_time ? 8u : 0u), b);
    return 0;
}
