/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/policy.h"

#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/mask/selftest.h"

#define KEY_BYTES_MAX 64

void tx_policy_free(struct tx_policy *policy) {
    if (!policy)
        return;
    tx_mask_free(policy->mask);
    tx_conf_free(policy->conf);
    tx_bytes_deinit(&policy->text);
    free(policy);
}

/* One that does not do what its own tests say is not put in force. */
static int try_policy(const struct tx_masking *masking, const struct tx_mask_key *key,
                      const char *name, struct tx_bytes *errors) {
    int r = tx_mask_run_tests(masking, key, 1, name, errors);
    return r == TX_MASK_E_TESTS ? -EINVAL : r;
}

static int compile(struct tx_policy *policy, int key_fd, const char *name,
                   const struct tx_subject_keys *subjects, struct tx_bytes *errors) {
    const struct tx_masking *masking = &policy->conf->masking;
    uint8_t bytes[KEY_BYTES_MAX];
    struct tx_mask_key key = {.id = TX_MASKING_DEFAULT_KEY, .bytes = bytes};

    int r = tx_fd_pread_full(key_fd, bytes, sizeof(bytes), 0, &key.n);
    if (r == 0)
        r = try_policy(masking, &key, name, errors);
    if (r == 0)
        r = tx_mask_new(masking, &key, 1, subjects, &policy->mask);
    explicit_bzero(bytes, sizeof(bytes));
    return r < 0 ? r : tx_masking_render(masking, &policy->text);
}

static int read_configuration(int fd, const char *name, struct tx_bytes *errors,
                              struct tx_conf **ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;

    int r = tx_file_read_fd(fd, TX_LIMIT_CONFIG_BYTES, &text);
    if (r < 0)
        return r;
    r = tx_conf_parse(name, (struct tx_text){.p = (const char *)text.data, .n = text.len}, errors,
                      ret);
    return r > 0 ? -EINVAL : r;
}

int tx_policy_load(int config_fd, int key_fd, const char *name,
                   const struct tx_subject_keys *subjects, struct tx_bytes *errors,
                   struct tx_policy **ret) {
    _cleanup_(tx_policy_freep) struct tx_policy *policy = calloc(1, sizeof(*policy));
    if (!policy)
        return -ENOMEM;

    int r = read_configuration(config_fd, name, errors, &policy->conf);
    if (r < 0)
        return r;
    r = compile(policy, key_fd, name, subjects, errors);
    if (r < 0)
        return r;
    struct tx_buf hex = tx_buf_of(policy->sha256, sizeof(policy->sha256));
    tx_buf_hex(&hex, tx_mask_policy(policy->mask)->bytes, TX_HASH_BYTES);
    tx_buf_char(&hex, '\0');
    *ret = TX_STEAL(policy);
    return 0;
}
