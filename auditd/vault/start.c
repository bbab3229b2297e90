/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "auditd/vault/vault.h"

/*
 * First start: the key-encryption key → an empty table. A start that was cut short in between left
 * a key that nothing was wrapped with. A key is never made where a table is: the keys of persons in
 * it would be lost without anybody's having decided so.
 */

static int refuse(const struct tx_vault *vault, char *ret_why, const char *file, const char *what) {
    const struct tx_vault_options *options = &vault->options;
    snprintf(ret_why, TX_VAULT_WHY_BYTES,
             "%s/%s %s. Put it back from a copy and restart the daemon. If there is none, what was "
             "encrypted for persons so far can never be read again: then move %s aside, and new "
             "keys are made",
             options->directory, file, what, options->directory);
    return TX_VAULT_E_REFUSED;
}

static int refuse_mode(const struct tx_vault *vault, char *ret_why) {
    snprintf(ret_why, TX_VAULT_WHY_BYTES,
             "%s/" TX_KEK_FILE " can be read by others than its owner. Find out who may have read "
             "it, run chmod 400 on it, and restart the daemon",
             vault->options.directory);
    return TX_VAULT_E_REFUSED;
}

/* It is made only where there is no table. */
static int make_kek(struct tx_vault *vault, char *ret_why) {
    const struct tx_vault_options *options = &vault->options;
    struct tx_table *table = NULL;
    static const uint8_t no_mark[TX_KEK_MARK_BYTES];

    int r = tx_table_open(options->dirfd, vault->hasher, no_mark, &table);
    tx_table_close(table);
    if (r != -ENOENT)
        return r < 0 ? r : refuse(vault, ret_why, TX_KEK_FILE, "is missing, though keys are there");
    r = tx_kek_make(options->dirfd);
    return r < 0 ? r : tx_kek_load(options->dirfd, -1, vault->aead, &vault->kek);
}

static int load_kek(struct tx_vault *vault, char *ret_why) {
    const struct tx_vault_options *options = &vault->options;

    int r = tx_kek_load(options->dirfd, options->kek_fd, vault->aead, &vault->kek);
    if (r == -ENOENT)
        return make_kek(vault, ret_why);
    if (r == TX_KEK_E_MODE)
        return refuse_mode(vault, ret_why);
    if (r == TX_KEK_E_DAMAGED)
        return refuse(vault, ret_why, TX_KEK_FILE, "has not 32 bytes");
    return r;
}

static int open_table(struct tx_vault *vault, char *ret_why) {
    int dirfd = vault->options.dirfd;

    int r = tx_table_open(dirfd, vault->hasher, vault->kek.mark, &vault->table);
    if (r == -ENOENT) {
        r = tx_table_create(dirfd, vault->hasher, vault->kek.mark);
        if (r == 0)
            r = tx_table_open(dirfd, vault->hasher, vault->kek.mark, &vault->table);
    }
    if (r == TX_TABLE_E_CORRUPT)
        return refuse(vault, ret_why, TX_TABLE_FILE, "is damaged");
    if (r == TX_TABLE_E_OTHER)
        return refuse(vault, ret_why, TX_TABLE_FILE,
                      "belongs to another key than `" TX_KEK_FILE "'");
    return r;
}

/* After this no algorithm is looked up any more, which would read files. */
static int warm_up(struct tx_vault *vault) {
    static const uint8_t zeros[TX_VAULT_KEY_BYTES];
    uint8_t sealed[TX_AEAD_TAG_BYTES];
    int r = tx_aead_key_new(vault->aead, zeros, &vault->work);
    if (r < 0)
        return r;
    tx_aead_seal(vault->work, zeros, NULL, 0, NULL, 0, sealed);
    return tx_aead_open(vault->work, zeros, NULL, 0, sealed, sizeof(sealed), NULL) == 0 ? 0 : -EIO;
}

int tx_vault_start(const struct tx_vault_options *options, struct tx_vault **ret, char *ret_why) {
    _cleanup_(tx_vault_freep) struct tx_vault *vault = calloc(1, sizeof(*vault));
    if (!vault)
        return -ENOMEM;
    vault->options = *options;
    int r = tx_hasher_new(&vault->hasher);
    if (r == 0)
        r = tx_aead_new(&vault->aead);
    if (r == 0)
        r = load_kek(vault, ret_why);
    if (r == 0)
        r = open_table(vault, ret_why);
    if (r == 0)
        r = warm_up(vault);
    if (r != 0)
        return r;
    *ret = TX_STEAL(vault);
    return 0;
}

void tx_vault_free(struct tx_vault *vault) {
    if (!vault)
        return;
    tx_table_close(vault->table);
    tx_kek_deinit(&vault->kek);
    tx_aead_key_free(vault->work);
    tx_aead_free(vault->aead);
    tx_hasher_free(vault->hasher);
    free(vault);
}
