/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/policy.h"

#include <string.h>

#include "auditd/ipc/policy.h"
#include "libtx/base/buf.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/secret.h"

void tx_policy_free(struct tx_policy *policy) {
    if (!policy)
        return;
    tx_mask_free(policy->mask);
    tx_conf_free(policy->conf);
    tx_bytes_deinit(&policy->text);
    free(policy);
}

/* The ids are the configuration's own, so that they live as long as it. */
static size_t take_keys(const struct tx_masking *masking, const struct tx_ipc_policy *from,
                        struct tx_mask_key keys[TX_MASKING_KEYS_MAX]) {
    size_t n = 0;

    for (size_t i = 0; i < masking->n_keys; i++)
        for (size_t k = 0; k < from->n_keys; k++)
            if (tx_text_equal(from->keys[k].id,
                              (struct tx_text){masking->keys[i].id, strlen(masking->keys[i].id)}))
                keys[n++] = (struct tx_mask_key){
                    .id = masking->keys[i].id, .bytes = from->keys[k].bytes, .n = from->keys[k].n};
    return n;
}

static bool is_what_was_tried(const struct tx_policy *policy, const struct tx_ipc_policy *from) {
    return !from->has_sha256 ||
           memcmp(tx_mask_policy(policy->mask)->bytes, from->sha256, TX_HASH_BYTES) == 0;
}

static int compile(struct tx_policy *policy, const struct tx_ipc_policy *from, const char *name,
                   const struct tx_subject_keys *subjects, struct tx_bytes *errors) {
    static const char other[] = "what was handed on is not the policy that was tried\n";
    struct tx_mask_key keys[TX_MASKING_KEYS_MAX];

    int r = tx_conf_parse(name, from->text, errors, &policy->conf);
    if (r != 0)
        return r > 0 ? -EINVAL : r;
    const struct tx_masking *masking = &policy->conf->masking;
    r = tx_mask_new(masking, keys, take_keys(masking, from, keys), subjects, &policy->mask);
    if (r < 0)
        return r;
    if (!is_what_was_tried(policy, from)) {
        r = tx_bytes_append(errors, other, sizeof(other) - 1);
        return r < 0 ? r : -EINVAL;
    }
    return tx_masking_render(masking, &policy->text);
}

/* The file ends with the text, so its size is what there is to read; all of it is secret. */
static int read_and_compile(int fd, struct tx_policy *policy, const char *name,
                            const struct tx_subject_keys *subjects, struct tx_bytes *errors) {
    const size_t cap = TX_LIMIT_CONFIG_BYTES + TX_IPC_POLICY_OVERHEAD_BYTES;
    struct tx_ipc_policy from;
    size_t n;

    uint8_t *bytes = tx_secret_alloc(cap);
    if (!bytes)
        return -ENOMEM;
    int r = tx_fd_pread_full(fd, bytes, cap, 0, &n);
    if (r == 0) {
        struct tx_cursor c = tx_cursor_of(bytes, n);
        r = tx_ipc_policy_parse(&c, &from);
    }
    if (r == 0)
        r = compile(policy, &from, name, subjects, errors);
    tx_secret_free(bytes, cap);
    return r;
}

int tx_policy_load(int fd, const char *name, const struct tx_subject_keys *subjects,
                   struct tx_bytes *errors, struct tx_policy **ret) {
    _cleanup_(tx_policy_freep) struct tx_policy *policy = calloc(1, sizeof(*policy));
    if (!policy)
        return -ENOMEM;

    int r = read_and_compile(fd, policy, name, subjects, errors);
    if (r < 0)
        return r;
    struct tx_buf hex = tx_buf_of(policy->sha256, sizeof(policy->sha256));
    tx_buf_hex(&hex, tx_mask_policy(policy->mask)->bytes, TX_HASH_BYTES);
    tx_buf_char(&hex, '\0');
    *ret = TX_STEAL(policy);
    return 0;
}
