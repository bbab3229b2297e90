/* SPDX-License-Identifier: MIT */
/*
 * Opening the log. In this order: ask the signer what it knows → read the last segment line by line
 * → move what is torn aside → give back to the signer what it has forgotten (a power cut) → append
 * what the log has not got (a note, an epoch's record). The signer's range is compared with the
 * log's own on the way: so a log that is not the one that was signed is not gone on with.
 */
#include <stdarg.h>
#include <stdio.h>

#include "auditd/ipc/fds.h"
#include "auditd/ledger/recovery.h"
#include "libtx/segment/follow.h"
#include "libtx/segment/lines.h"

#define LOG TX_FD_LEDGER_LOG

int tx_recovery_refuse(struct tx_recovery *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(r->why, TX_LEDGER_WHY_BYTES, format, args);
    va_end(args);
    if (n > 0 && n < TX_LEDGER_WHY_BYTES)
        snprintf(r->why + n, TX_LEDGER_WHY_BYTES - (size_t)n,
                 " Keep the files for the auditor. To go on, set this log aside and begin one that "
                 "names it: tracex-auditd --new-log -c %s",
                 r->config_name);
    return TX_LEDGER_E_REFUSED;
}

int tx_recovery_refuse_other_log(struct tx_recovery *r) {
    return tx_recovery_refuse(
        r,
        "The records up to %llu are not those that the signer signed: the log was "
        "changed, or log and keys do not belong together. tracex-auditverify says more.",
        (unsigned long long)r->signed_size);
}

static int ask_signer(struct tx_recovery *r) {
    const struct tx_notary_request hello = {.type = TX_NOTARY_HELLO};
    struct tx_notary_reply *reply = calloc(1, sizeof(*reply));
    if (!reply)
        return -ENOMEM;
    int e = tx_ledger_call(r->ledger, &hello, reply);
    if (e == 0 && reply->type != TX_NOTARY_STATE)
        e = -EPROTO;
    if (e == 0) {
        r->signer = reply->state;
        e = tx_bytes_append(&r->note, reply->state.note.p, reply->state.note.n);
    }
    if (e == 0)
        e = tx_bytes_append(&r->pending_line, reply->state.pending_line.p,
                            reply->state.pending_line.n);
    free(reply);
    r->signed_size = r->signer.range.end;
    r->ledger->rotate_due = r->signer.rotate_due && r->pending_line.len == 0;
    return e;
}

static int append_missing(struct tx_recovery *r) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_text note = {(char *)r->note.data, r->note.len};
    struct tx_text ours = {(char *)ledger->now.note.data, ledger->now.note.len};
    struct tx_text pending = {(char *)r->pending_line.data, r->pending_line.len};
    struct tx_digest leaf;
    uint64_t size;
    int e = 0;

    if (tx_ledger_size(ledger) < tx_recovery_signed(r))
        return tx_recovery_refuse(
            r, "The log has %llu records, but %llu were signed: %llu are missing at its end.",
            (unsigned long long)tx_ledger_size(ledger), (unsigned long long)tx_recovery_signed(r),
            (unsigned long long)(tx_recovery_signed(r) - tx_ledger_size(ledger)));
    if (note.n > 0 && !tx_text_equal(note, ours)) {
        bool ends_epoch = ledger->now.epoch_open;
        if (!tx_recovery_note_size(r, note, &size) || size != tx_ledger_size(ledger))
            return tx_recovery_refuse_other_log(r);
        e = tx_ledger_append_note(ledger, note, false);
        if (e == 0 && ends_epoch)
            e = tx_ledger_prepare_proof(
                ledger, (struct tx_text){(char *)r->epoch_line.data, r->epoch_line.len},
                &ledger->before_epoch);
        if (e == 0)
            e = tx_ledger_store(ledger);
        if (e < 0)
            return e;
    }
    if (pending.n > 0 && tx_ledger_size(ledger) == tx_recovery_signed(r)) {
        ledger->before_epoch = ledger->now.tree;
        e = tx_ledger_append_line(ledger, pending, &leaf);
        if (e == 0)
            e = tx_recovery_compare(r);
        if (e != 0)
            return e;
        r->epoch_line.len = 0;
        e = tx_bytes_append(&r->epoch_line, pending.p, pending.n);
    }
    if (e == 0 && !r->compared)
        return tx_recovery_refuse_other_log(r);
    if (e == 0 && ledger->now.epoch_open) { /* what its first checkpoint's proof shows */
        ledger->last.len = 0;
        e = tx_bytes_append(&ledger->last, r->epoch_line.data, r->epoch_line.len);
    }
    return e;
}

/* --- */

static int scan_older(struct tx_recovery *r, const uint64_t *firsts, size_t n) {
    for (size_t i = n > 5 ? n - 5 : 0; i + 1 < n; i++) {
        _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
        struct tx_text line;
        uint8_t client[8];
        uint64_t last;
        int e = tx_lines_open(LOG, firsts[i], &lines);
        while (e == 0 && (e = tx_lines_next(lines, &line)) == 0)
            if (tx_line_kind(line) == TX_LINE_RECORD && tx_clients_scan(line, client, &last))
                tx_clients_set(r->ledger->clients, client, last);
    }
    return 0;
}

static int recover(struct tx_recovery *r) {
    struct tx_ledger *ledger = r->ledger;
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    bool any = false;
    size_t n;

    int e = tx_bytes_reserve(&r->scratch, TX_LIMIT_CONTROL_LINE_BYTES);
    if (e == 0)
        e = ask_signer(r);
    if (e == 0)
        e = tx_segment_list(LOG, &firsts, &n);
    if (e == 0)
        e = tx_ledger_identity(ledger, &r->signer, n == 0, r->config_name, r->why);
    if (e != 0)
        return e;
    e = tx_clients_load(ledger->clients, TX_FD_LEDGER_STATE, UINT64_MAX);
    if (e > 0)
        e = scan_older(r, firsts, n);
    tx_tip_begin(&ledger->now, &r->signer.epoch0);
    if (e == 0)
        e = tx_tip_copy(&ledger->anchor, &ledger->now);
    if (e == 0)
        e = tx_recovery_read_last(r, firsts, n, &any);
    if (e == 0 && !any)
        e = tx_recovery_compare(r);
    if (e == 0)
        e = append_missing(r);
    ledger->crashed = any && !r->stopped;
    return e;
}

int tx_ledger_recover(struct tx_ledger *ledger, const char *config_name,
                      char ret_why[TX_LEDGER_WHY_BYTES]) {
    struct tx_recovery *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    ret_why[0] = '\0';
    r->ledger = ledger;
    r->config_name = config_name;
    r->why = ret_why;
    int e = recover(r);
    tx_bytes_deinit(&r->note);
    tx_bytes_deinit(&r->pending_line);
    tx_bytes_deinit(&r->scratch);
    tx_bytes_deinit(&r->epoch_line);
    free(r);
    return e;
}
