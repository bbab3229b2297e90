/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/policy.h"

#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/conf/conf.h"

#define KEY_BYTES_MAX 64

void tx_policy_free(struct tx_policy *policy) {
    if (!policy)
        return;
    tx_mask_free(policy->mask);
    tx_bytes_deinit(&policy->text);
    free(policy);
}

static int compile(const struct tx_mask_rules *rules, int key_fd, struct tx_mask **ret) {
    uint8_t key[KEY_BYTES_MAX];
    size_t n_key;

    int r = tx_fd_pread_full(key_fd, key, sizeof(key), 0, &n_key);
    if (r == 0)
        r = tx_mask_new(rules, key, n_key, ret);
    explicit_bzero(key, sizeof(key));
    return r;
}

static int read_configuration(int fd, const char *name, struct tx_bytes *errors,
                              struct tx_conf **ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;

    int r = tx_file_read_fd(fd, TX_LIMIT_CONFIG_BYTES, &text);
    if (r < 0)
        return r;
    r = tx_conf_parse(name, (struct tx_text){.p = (const char *)text.data, .n = text.len}, errors,
                      ret);
    return r == TX_CONF_E_INVALID ? -EINVAL : r;
}

int tx_policy_load(int config_fd, int key_fd, const char *name, struct tx_bytes *errors,
                   struct tx_policy **ret) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
    _cleanup_(tx_policy_freep) struct tx_policy *policy = calloc(1, sizeof(*policy));
    if (!policy)
        return -ENOMEM;

    int r = read_configuration(config_fd, name, errors, &conf);
    if (r < 0)
        return r;
    r = compile(&conf->masking, key_fd, &policy->mask);
    if (r < 0)
        return r;
    r = tx_mask_rules_render(&conf->masking, &policy->text);
    if (r < 0)
        return r;
    struct tx_buf hex = tx_buf_of(policy->sha256, sizeof(policy->sha256));
    tx_buf_hex(&hex, tx_mask_policy(policy->mask)->bytes, TX_HASH_BYTES);
    tx_buf_char(&hex, '\0');
    *ret = TX_STEAL(policy);
    return 0;
}
