/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "auditd/signer/signer.h"
#include "libtx/crypto/note.h"

/*
 * First start: a state that is not ready → the keys → the ready state. Only then is anything said,
 * so a start that was cut short leaves keys that nobody knows, and the next start makes new ones.
 * Later: what the state names must be there. New keys are never made in place of lost ones.
 */

static const char *new_log_of(const struct tx_signer_options *options) {
    return options->new_log ? options->new_log : "--new-log";
}

static int refuse(const struct tx_signer *signer, char *ret_why, const char *file,
                  const char *what) {
    const struct tx_signer_options *options = &signer->options;
    snprintf(
        ret_why, TX_SIGNER_WHY_BYTES,
        "%s/%s %s. Put it back as it was when the daemon stopped last; or begin a new log that "
        "names this one: tracex-auditd %s -c %s",
        options->directory, file, what, new_log_of(options), options->config_name);
    return TX_SIGNER_E_REFUSED;
}

static int refuse_mode(const struct tx_signer *signer, char *ret_why, const char *file) {
    snprintf(ret_why, TX_SIGNER_WHY_BYTES,
             "%s/%s can be read by others than its owner. Find out who may have read it; then "
             "either chmod 600 it, or begin a new log with new keys: tracex-auditd %s -c %s",
             signer->options.directory, file, new_log_of(&signer->options),
             signer->options.config_name);
    return TX_SIGNER_E_REFUSED;
}

static int make_keys(struct tx_signer *signer) {
    const struct tx_signer_options *options = &signer->options;
    struct tx_state *state = &signer->state;
    struct tx_keys *keys = &signer->keys;

    int r = tx_keys_erase_all(options->dirfd);
    if (r < 0)
        return r;
    tx_state_init(state);
    r = tx_keys_make_identity(options->dirfd, signer->hasher, options->origin, &keys->identity);
    if (r < 0)
        return r;
    r = tx_keys_make_epoch(options->dirfd, signer->hasher, options->origin, 0, &keys->active);
    if (r < 0)
        return r;
    state->ready = true;
    state->identity = *tx_signing_key_vkey(keys->identity);
    state->epoch0 = *tx_signing_key_vkey(keys->active);
    state->epoch_vkey = state->epoch0;
    return tx_state_file_save(signer->file, signer->hasher, state, true);
}

static int begin_first(struct tx_signer *signer, char *ret_why) {
    bool any;
    int r = tx_keys_any(signer->options.dirfd, &any);
    if (r < 0)
        return r;
    if (any)
        return refuse(signer, ret_why, TX_STATE_FILE, "is missing, though keys are there");
    tx_state_init(&signer->state);
    r = tx_state_file_create(signer->options.dirfd, signer->hasher, &signer->state, &signer->file);
    return r < 0 ? r : make_keys(signer);
}

static int load_identity(struct tx_signer *signer, char *ret_why) {
    const struct tx_signer_options *options = &signer->options;
    const struct tx_vkey *identity = &signer->state.identity;
    struct tx_text origin = {.p = identity->name, .n = identity->n_name};

    if (!tx_text_equal(origin, options->origin)) {
        snprintf(ret_why, TX_SIGNER_WHY_BYTES,
                 "%s belongs to the log %s, but %s says log.origin: %.*s. Write the old name there "
                 "again; or begin a new log: tracex-auditd %s -c %s",
                 options->directory, identity->name, options->config_name, (int)options->origin.n,
                 options->origin.p, new_log_of(options), options->config_name);
        return TX_SIGNER_E_REFUSED;
    }
    int r = tx_keys_load(options->dirfd, signer->hasher, TX_KEYS_IDENTITY, identity,
                         &signer->keys.identity);
    if (r == -EPERM)
        return refuse_mode(signer, ret_why, TX_KEYS_IDENTITY);
    return r == TX_KEYS_E_LOST
               ? refuse(signer, ret_why, TX_KEYS_IDENTITY, "is missing, damaged or another key")
               : r;
}

/* *ret_lost: it is not there, not whole, or another key. */
static int load_epoch(struct tx_signer *signer, char *ret_why, uint64_t epoch,
                      const struct tx_vkey *vkey, struct tx_signing_key **ret, bool *ret_lost) {
    char name[TX_KEYS_NAME_BYTES];
    tx_keys_epoch_name(epoch, name);
    int r = tx_keys_load(signer->options.dirfd, signer->hasher, name, vkey, ret);
    *ret_lost = r == TX_KEYS_E_LOST;
    if (r == -EPERM)
        return refuse_mode(signer, ret_why, name);
    return *ret_lost ? 0 : r;
}

static int refuse_epoch(struct tx_signer *signer, char *ret_why, uint64_t epoch) {
    char name[TX_KEYS_NAME_BYTES];
    tx_keys_epoch_name(epoch, name);
    return refuse(signer, ret_why, name,
                  "is missing, damaged or another key, and the end of its epoch has begun");
}

/* The active epoch's key may be lost: then the next tracex.epoch record says so. Between that
 * record and its checkpoint it is too late to say it. */
static int load_epochs(struct tx_signer *signer, char *ret_why) {
    const struct tx_state *state = &signer->state;
    struct tx_keys *keys = &signer->keys;
    bool lost = false;

    int r = load_epoch(signer, ret_why, state->epoch, &state->epoch_vkey, &keys->active, &lost);
    if (r != 0)
        return r;
    if (lost && state->pending && !state->broken)
        return refuse_epoch(signer, ret_why, state->epoch);
    if (!state->pending)
        return 0;
    r = load_epoch(signer, ret_why, state->epoch + 1, &state->pending_vkey, &keys->pending, &lost);
    if (r != 0)
        return r;
    return lost ? refuse_epoch(signer, ret_why, state->epoch + 1) : 0;
}

static int go_on(struct tx_signer *signer, char *ret_why) {
    struct tx_state *state = &signer->state;
    struct tx_epoch_now now;

    if (!state->ready)
        return make_keys(signer);
    int r = load_identity(signer, ret_why);
    if (r != 0)
        return r;
    r = load_epochs(signer, ret_why);
    if (r != 0)
        return r;
    memcpy(now.boot_id, signer->boot_id, sizeof(now.boot_id));
    tx_epoch_read_clocks(&now);
    tx_epoch_adopt_boot(state, &now);
    /* An old secret whose erasing was cut short, a new one of which nothing was said. */
    return tx_keys_erase_others(signer->options.dirfd, state->epoch, state->pending);
}

/* After this no algorithm is looked up any more, which would read files. */
static int warm_up(struct tx_signer *signer) {
    static const struct tx_text text = TX_TEXT("warm-up\n");
    char memory[1024];
    struct tx_note note;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_put(&b, text.p, text.n);
    tx_buf_char(&b, '\n');
    int r = tx_signing_key_sign_note(signer->keys.identity, text, 0, &b);
    if (r < 0)
        return r;
    if (b.full || tx_note_parse((struct tx_text){memory, b.len}, &note) < 0)
        return -EIO;
    r = tx_note_verify(&note, &signer->state.identity, NULL);
    return r > 0 ? -EIO : r;
}

int tx_signer_start(const struct tx_signer_options *options, struct tx_signer **ret,
                    char *ret_why) {
    _cleanup_(tx_signer_freep) struct tx_signer *signer = calloc(1, sizeof(*signer));
    if (!signer)
        return -ENOMEM;
    signer->options = *options;
    int r = tx_hasher_new(&signer->hasher);
    if (r < 0)
        return r;
    tx_epoch_read_boot_id(signer->boot_id);
    r = tx_state_file_open(options->dirfd, signer->hasher, &signer->file, &signer->state);
    if (r == TX_STATE_E_CORRUPT)
        r = refuse(signer, ret_why, TX_STATE_FILE, "is damaged");
    else if (r == -ENOENT)
        r = begin_first(signer, ret_why);
    else if (r == 0)
        r = go_on(signer, ret_why);
    if (r != 0)
        return r;
    r = warm_up(signer);
    if (r < 0)
        return r;
    *ret = TX_STEAL(signer);
    return 0;
}

void tx_signer_free(struct tx_signer *signer) {
    if (!signer)
        return;
    tx_keys_deinit(&signer->keys);
    tx_state_file_close(signer->file);
    tx_hasher_free(signer->hasher);
    free(signer);
}

int tx_signer_sync(struct tx_signer *signer) {
    return tx_state_file_save(signer->file, signer->hasher, &signer->state, true);
}
