/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/crypto/secret.h"
#include "libtx/mask/action/action-parts.h"

/* The keys that actions need, in locked memory; of a domain's many keys those of late. */

static const char *id_or_default(const char *id) {
    return id ? id : TX_MASKING_DEFAULT_KEY;
}

/* The key that an action names, or NULL. */
static const char *key_of(const struct tx_masking_action *action) {
    switch (action->kind) {
    case TX_ACTION_PSEUDONYM:
        return id_or_default(action->pseudonym.key);
    case TX_ACTION_COMMIT:
        return id_or_default(action->commit.key);
    case TX_ACTION_ENCRYPT:
        return action->encrypt.also_index;
    default:
        return NULL;
    }
}

static int64_t epoch_of(const struct tx_masking *masking, const char *id) {
    for (size_t i = 0; i < masking->n_keys; i++)
        if (strcmp(masking->keys[i].id, id) == 0)
            return masking->keys[i].epoch_ns;
    return 0;
}

static int add_key(struct tx_action_tools *tools, const struct tx_mask_key *key, int64_t epoch_ns) {
    struct tx_action_key *to = &tools->keys[tools->n_keys];
    if (key->n < TX_MASK_KEY_BYTES_MIN)
        return -EINVAL;
    if (tools->n_keys == TX_COUNT_OF(tools->keys))
        return -ENOBUFS;
    to->id = strdup(key->id);
    if (!to->id)
        return -ENOMEM;
    to->epoch_ns = epoch_ns;
    tx_action_key_init(to, key);
    tools->n_keys++;
    return 0;
}

static int need_key(struct tx_action_tools *tools, const struct tx_masking *masking, const char *id,
                    const struct tx_mask_key *keys, size_t n_keys) {
    if (tx_action_key_find(tools, id))
        return 0;
    for (size_t i = 0; i < n_keys; i++)
        if (strcmp(keys[i].id, id) == 0)
            return add_key(tools, &keys[i], epoch_of(masking, id));
    return -ENOKEY;
}

static int prepare(struct tx_action_tools *tools, const struct tx_masking *masking,
                   const struct tx_masking_action *action, const struct tx_mask_key *keys,
                   size_t n_keys) {
    const char *id = key_of(action);
    int r = id ? need_key(tools, masking, id, keys, n_keys) : 0;
    if (r == 0 && action->kind == TX_ACTION_ENCRYPT && tools->subjects)
        r = tx_action_seals_new(tools);
    if (action->kind == TX_ACTION_REPLACE) {
        struct tx_text text = {action->replace.text, strlen(action->replace.text)};
        r = tx_action_replace_valid(text) ? 0 : -EINVAL;
    }
    return r;
}

int tx_action_tools_new(const struct tx_masking *masking, const struct tx_mask_key *keys,
                        size_t n_keys, const struct tx_subject_keys *subjects,
                        struct tx_action_tools **ret) {
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools =
        tx_secret_alloc(sizeof(*tools));
    if (!tools)
        return -ENOMEM;
    tools->subjects = subjects;
    int r = 0;
    for (size_t i = 0; i < masking->n_rules && r == 0; i++)
        r = prepare(tools, masking, &masking->rules[i].action, keys, n_keys);
    if (r < 0)
        return r;
    *ret = TX_STEAL(tools);
    return 0;
}

void tx_action_tools_free(struct tx_action_tools *tools) {
    if (!tools)
        return;
    for (size_t i = 0; i < tools->n_keys; i++)
        free(tools->keys[i].id);
    tx_action_seals_free(tools);
    tx_secret_free(tools, sizeof(*tools));
}

void tx_action_key_init(struct tx_action_key *to, const struct tx_mask_key *key) {
    const struct tx_text info = TX_TEXT("tracex-commit");
    struct tx_digest commit;

    tx_hkdf_extract((struct tx_text){NULL, 0}, (struct tx_text){key->bytes, key->n},
                    &to->pseudorandom);
    tx_hkdf_expand(&to->pseudorandom, &info, 1, commit.bytes, sizeof(commit.bytes));
    tx_mac_init(&to->commit, commit.bytes, sizeof(commit.bytes));
    tx_wipe(&commit, sizeof(commit));
}

const struct tx_action_key *tx_action_key_find(const struct tx_action_tools *tools,
                                               const char *id) {
    for (size_t i = 0; i < tools->n_keys; i++)
        if (strcmp(tools->keys[i].id, id_or_default(id)) == 0)
            return &tools->keys[i];
    return NULL;
}

uint64_t tx_action_key_epoch(const struct tx_action_key *key, int64_t unix_ns) {
    return key->epoch_ns > 0 && unix_ns > 0 ? (uint64_t)(unix_ns / key->epoch_ns) : 0;
}

/* --- keys of domains --- */

static bool is_derived(const struct tx_action_derived *d, size_t key, uint64_t epoch,
                       struct tx_text domain) {
    return d->used > 0 && d->key == key && d->epoch == epoch &&
           tx_text_equal((struct tx_text){d->domain, d->n_domain}, domain);
}

/* The one that is asked for, or the one whose last use is longest ago. */
static struct tx_action_derived *find_derived(struct tx_action_tools *tools, size_t key,
                                              uint64_t epoch, struct tx_text domain) {
    struct tx_action_derived *oldest = &tools->derived[0];
    for (size_t i = 0; i < TX_COUNT_OF(tools->derived); i++) {
        struct tx_action_derived *d = &tools->derived[i];
        if (is_derived(d, key, epoch, domain))
            return d;
        if (d->used < oldest->used)
            oldest = d;
    }
    return oldest;
}

const struct tx_mac *tx_action_key_derive(struct tx_action_tools *tools,
                                          const struct tx_action_key *key, uint64_t epoch,
                                          struct tx_text domain) {
    size_t index = (size_t)(key - tools->keys);
    struct tx_action_derived *d = find_derived(tools, index, epoch, domain);

    if (!is_derived(d, index, epoch, domain)) {
        uint8_t number[8];
        struct tx_digest bytes;
        tx_action_big_endian(epoch, sizeof(number), number);
        const struct tx_text info[] = {
            TX_TEXT("tracex-pn"), {(const char *)number, sizeof(number)}, domain};
        tx_hkdf_expand(&key->pseudorandom, info, TX_COUNT_OF(info), bytes.bytes,
                       sizeof(bytes.bytes));
        tx_mac_init(&d->mac, bytes.bytes, sizeof(bytes.bytes));
        tx_wipe(&bytes, sizeof(bytes));
        d->key = index;
        d->epoch = epoch;
        d->n_domain = domain.n;
        memcpy(d->domain, domain.p, domain.n);
    }
    d->used = ++tools->calls;
    return &d->mac;
}
