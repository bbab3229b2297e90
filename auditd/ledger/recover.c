/* SPDX-License-Identifier: MIT */
/*
 * Opening the log. In this order: ask the signer what it knows → read the log's end
 * (recover-segment.c) and show the signer what it has forgotten in a power cut → compare: the log
 * must be the one that was signed, and have all of it → only then touch files (recover-file.c) →
 * append what the log has not got: the signer's last note, and its epoch record (the pump appends
 * that one).
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ledger/recovery.h"
#include "libtx/segment/follow.h"

#define LOG TX_FD_LEDGER_LOG

/* Segments that are read again because the table of clients is older than the last one. */
#define OLDER_SEGMENTS_MAX 5

int tx_recovery_refuse(struct tx_recovery *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(r->why, TX_LEDGER_WHY_BYTES, format, args);
    va_end(args);
    if (n > 0 && n < TX_LEDGER_WHY_BYTES)
        snprintf(r->why + n, TX_LEDGER_WHY_BYTES - (size_t)n,
                 " Keep the files for the auditor. To go on, set this log aside and begin one that "
                 "names it: tracex-auditd %s",
                 r->new_log);
    return TX_LEDGER_E_REFUSED;
}

int tx_recovery_refuse_other_log(struct tx_recovery *r) {
    return tx_recovery_refuse(
        r,
        "The records up to %llu are not those that the signer signed: the log was changed, or log "
        "and keys do not belong together. tracex-auditverify says more.",
        (unsigned long long)r->signed_size);
}

/* --- the signer's side --- */

static int take_state(struct tx_recovery *r, const struct tx_notary_state *state) {
    r->signer = *state;
    r->signed_size = state->range.end;
    r->note.len = r->pending_line.len = 0;
    int e = tx_bytes_append(&r->note, state->note.p, state->note.n);
    return e < 0 ? e
                 : tx_bytes_append(&r->pending_line, state->pending_line.p, state->pending_line.n);
}

static int ask_signer(struct tx_recovery *r) {
    const struct tx_notary_request hello = {.type = TX_NOTARY_HELLO};
    _cleanup_(tx_freep) struct tx_notary_reply *reply = calloc(1, sizeof(*reply));
    if (!reply)
        return -ENOMEM;
    int e = tx_ledger_call(r->ledger, &hello, reply);
    if (e < 0)
        return e;
    return reply->type == TX_NOTARY_STATE ? take_state(r, &reply->state) : -EPROTO;
}

/* --- reading --- */

/* The last segment that begins at or before record `size`. */
static size_t segment_of(const uint64_t *firsts, size_t n, uint64_t size) {
    size_t i = n;
    while (i > 1 && firsts[i - 1] > size)
        i--;
    return i > 0 ? i - 1 : 0;
}

static size_t choose_start(const struct tx_recovery *r, const uint64_t *firsts, size_t n) {
    size_t at = segment_of(firsts, n, tx_recovery_signed(r));
    size_t of_clients = segment_of(firsts, n, r->clients_size);
    if (n > OLDER_SEGMENTS_MAX && of_clients < n - OLDER_SEGMENTS_MAX) {
        of_clients = n - OLDER_SEGMENTS_MAX;
        tx_clients_note_forgotten(r->ledger->clients);
    }
    if (n > 0 && r->clients_size < firsts[0]) /* what the table does not know was removed */
        tx_clients_note_forgotten(r->ledger->clients);
    return of_clients < at ? of_clients : at;
}

static bool proof_is_missing(const struct tx_ledger *ledger) {
    char name[64];
    struct stat st;
    if (ledger->now.epoch == 0 || ledger->now.epoch_open || ledger->proof.len > 0)
        return false;
    snprintf(name, sizeof(name), "epochs/%llu.tlog-proof", (unsigned long long)ledger->now.epoch);
    return fstatat(LOG, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static int read_from(struct tx_recovery *r, const uint64_t *firsts, size_t n, size_t start,
                     size_t *ret_n) {
    struct tx_ledger *ledger = r->ledger;
    r->compared = r->stopped = r->resumed = false;
    tx_tip_begin(&ledger->now, &r->signer.epoch0);
    int e = tx_tip_copy(&ledger->anchor, &ledger->now);
    return e < 0 ? e : tx_recovery_reread(r, firsts, n, start, ret_n);
}

/* From the last segment, or as far back as is needed. */
static int read_end(struct tx_recovery *r, const uint64_t *firsts, size_t n, size_t *ret_n) {
    int e = ask_signer(r);
    size_t start = choose_start(r, firsts, n);
    while (e == 0) {
        e = read_from(r, firsts, n, start, ret_n);
        if (e != 0 || (r->last != TX_LAST_NONE && !proof_is_missing(r->ledger)))
            return e;
        if (start == 0 && !r->resumed)
            return 0;
        if (!r->resumed)
            start--;
        r->read_all = true;
        e = ask_signer(r);
    }
    return e;
}

static int refuse_short(struct tx_recovery *r) {
    uint64_t size = tx_ledger_size(r->ledger), wanted = tx_recovery_signed(r);
    return tx_recovery_refuse(
        r, "The log has %llu records, but %llu were signed: %llu are missing at its end.",
        (unsigned long long)size, (unsigned long long)wanted, (unsigned long long)(wanted - size));
}

/* --- what the log has not got --- */

static int append_missing_note(struct tx_recovery *r) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_text note = {(char *)r->note.data, r->note.len};
    struct tx_text ours = {(char *)ledger->now.note.data, ledger->now.note.len};
    bool ends_epoch = ledger->now.epoch_open;
    uint64_t size;

    if (note.n == 0 || tx_text_equal(note, ours) || (ends_epoch && r->pending_line.len > 0))
        return 0;
    if (!tx_recovery_note_size(r, note, &size) || size != tx_ledger_size(ledger) ||
        (ledger->now.note.len > 0 && size <= ledger->now.checkpoint_size))
        return tx_recovery_refuse_other_log(r);
    int e = tx_ledger_append_note(ledger, note, false);
    if (e == 0 && ends_epoch)
        e = tx_ledger_prepare_proof(ledger,
                                    (struct tx_text){(char *)r->epoch_line.data, r->epoch_line.len},
                                    &ledger->before_epoch);
    if (e == 0)
        e = tx_ledger_store(ledger);
    return e == -EAGAIN ? 0 : e; /* the pump tries again */
}

/* The signer's epoch record is the next one, and nothing comes before it: the pump appends it. */
static int keep_pending(struct tx_recovery *r) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_range tree = ledger->now.tree;
    struct tx_digest leaf;

    tx_hash_leaf(ledger->hasher, r->pending_line.data, r->pending_line.len, &leaf);
    tx_range_append(&tree, ledger->hasher, &leaf);
    if (tree.n_nodes != r->signer.range.n_nodes ||
        memcmp(tree.nodes, r->signer.range.nodes, tree.n_nodes * sizeof(tree.nodes[0])) != 0)
        return tx_recovery_refuse_other_log(r);
    r->compared = true;
    ledger->pending.len = 0;
    return tx_bytes_append(&ledger->pending, r->pending_line.data, r->pending_line.len);
}

static bool same_count(const struct tx_tip *ours, uint64_t n_checkpoints,
                       const struct tx_digest *digest) {
    return ours->n_checkpoints == n_checkpoints &&
           memcmp(ours->digest.bytes, digest->bytes, sizeof(digest->bytes)) == 0;
}

/* Are the checkpoint lines those that the signer gave? */
static int compare_counts(struct tx_recovery *r) {
    struct tx_ledger *ledger = r->ledger;
    bool same;

    if (ledger->pending.len > 0) {
        struct tx_buf scratch = tx_buf_of(r->scratch.data, r->scratch.cap);
        struct tx_control_epoch epoch;
        struct tx_text line = {(char *)ledger->pending.data, ledger->pending.len};
        int e = tx_control_parse_epoch(ledger->hasher, line, &scratch, &epoch);
        if (e < 0)
            return e;
        same = same_count(&ledger->now, epoch.n_checkpoints, &epoch.digest);
    } else {
        int e = ask_signer(r);
        if (e < 0)
            return e;
        same = same_count(&ledger->now, r->signer.n_checkpoints, &r->signer.digest);
    }
    return same ? 0
                : tx_recovery_refuse(r, "The log's checkpoint lines are not those that the signer "
                                        "gave: some were changed, taken out or added.");
}

static int append_missing(struct tx_recovery *r) {
    struct tx_ledger *ledger = r->ledger;
    int e = append_missing_note(r);
    if (e == 0 && r->pending_line.len > 0 && tx_ledger_size(ledger) == tx_recovery_signed(r))
        e = keep_pending(r);
    if (e == 0 && !r->compared)
        return tx_recovery_refuse_other_log(r);
    if (e == 0 && ledger->now.epoch_open) { /* what its first checkpoint's proof shows */
        ledger->last.len = 0;
        e = tx_bytes_append(&ledger->last, r->epoch_line.data, r->epoch_line.len);
    }
    return e;
}

/* --- */

/* The log is known to be right: now files may be touched. */
static int go_on(struct tx_recovery *r, const uint64_t *firsts, size_t n, size_t n_whole) {
    struct tx_ledger *ledger = r->ledger;
    int e = 0;
    for (size_t i = n; e == 0 && i > n_whole; i--)
        e = tx_recovery_set_aside(r, firsts[i - 1]);
    if (e == 0 && r->last != TX_LAST_NONE)
        e = tx_recovery_reopen(r);
    if (e == 0)
        e = append_missing(r);
    if (e == 0)
        e = compare_counts(r);
    ledger->rotate_due = r->signer.rotate_due && r->pending_line.len == 0;
    ledger->crashed = ledger->torn_bytes > 0 ||
                      (r->last != TX_LAST_NONE && !r->stopped && tx_ledger_size(ledger));
    return e;
}

static int recover(struct tx_recovery *r) {
    struct tx_ledger *ledger = r->ledger;
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    size_t n, n_whole = 0;

    int e = tx_bytes_reserve(&r->scratch, TX_LIMIT_CONTROL_LINE_BYTES);
    if (e == 0)
        e = ask_signer(r);
    if (e == 0)
        e = tx_segment_list(LOG, &firsts, &n);
    if (e == 0 && n == 0 && tx_recovery_signed(r) > 0)
        return refuse_short(r);
    if (e == 0)
        e = tx_ledger_identity(ledger, &r->signer, n == 0, r->new_log, r->why);
    if (e == 0)
        e = tx_clients_load(ledger->clients, TX_FD_LEDGER_STATE, &r->clients_size);
    if (e == 0)
        e = read_end(r, firsts, n, &n_whole);
    if (e == 0 && n_whole == 0)
        e = tx_recovery_compare(r);
    if (e != 0)
        return e;
    if (tx_ledger_size(ledger) < tx_recovery_signed(r))
        return refuse_short(r);
    return go_on(r, firsts, n, n_whole);
}

int tx_ledger_recover(struct tx_ledger *ledger, const char *new_log,
                      char ret_why[TX_LEDGER_WHY_BYTES]) {
    struct tx_recovery *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    ret_why[0] = '\0';
    r->ledger = ledger;
    r->new_log = new_log;
    r->why = ret_why;
    int e = recover(r);
    tx_tip_deinit(&r->older);
    tx_bytes_deinit(&r->note);
    tx_bytes_deinit(&r->pending_line);
    tx_bytes_deinit(&r->scratch);
    tx_bytes_deinit(&r->epoch_line);
    free(r);
    return e;
}
