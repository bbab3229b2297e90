/* SPDX-License-Identifier: MIT */
/* The lines of a segment, one after the other: what each adds to the tip, and what of it is new to
 * the signer, which is shown it note by note. */
#include <string.h>

#include "auditd/ledger/recovery.h"
#include "libtx/crypto/note.h"
#include "libtx/merkle/checkpoint.h"

int tx_recovery_compare(struct tx_recovery *r) {
    const struct tx_range *ours = &r->ledger->now.tree, *theirs = &r->signer.range;
    if (r->compared || ours->end != theirs->end)
        return 0;
    if (ours->n_nodes != theirs->n_nodes ||
        memcmp(ours->nodes, theirs->nodes, ours->n_nodes * sizeof(ours->nodes[0])) != 0)
        return tx_recovery_refuse_other_log(r);
    r->compared = true;
    tx_ledger_signed_up_to(r->ledger, ours->end);
    return 0;
}

static int replay(struct tx_recovery *r, struct tx_text note, bool seal) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_notary_request request = {
        .type = TX_NOTARY_REPLAY, .range = ledger->ungrown, .seal = seal, .note = note};
    struct tx_notary_reply reply;

    if (!r->compared || ledger->last.len == 0)
        return 0;
    tx_range_append(&request.range, ledger->hasher, &ledger->last_hash);
    int e = tx_ledger_call(ledger, &request, &reply);
    if (e == -EPROTO || (e == 0 && reply.type != TX_NOTARY_DONE))
        return tx_recovery_refuse_other_log(r);
    if (e < 0)
        return e;
    tx_ledger_signed_up_to(ledger, request.range.end);
    r->signed_size = request.range.end;
    r->note.len = 0;
    return tx_bytes_append(&r->note, note.p, note.n);
}

static bool begins_with_seq(struct tx_text line, uint64_t seq) {
    char prefix[40];
    struct tx_buf b = tx_buf_of(prefix, sizeof(prefix));
    tx_buf_str(&b, "{\"seq\":");
    tx_buf_dec(&b, seq);
    tx_buf_char(&b, ',');
    return tx_text_starts(line, (struct tx_text){prefix, b.len});
}

static bool is_clean(struct tx_text line) {
    uint8_t low = 0;
    for (size_t i = 0; i < line.n; i++)
        low |= (uint8_t)line.p[i] < 0x20;
    return !low && line.n > 0 && line.p[line.n - 1] == '}';
}

/* One of the ledger's own: their templates have nothing of a client's. */
static bool is_own(struct tx_text line, struct tx_text event) {
    static const char by[] = ",\"by\":\"ledger\",";
    return line.p && line.n < 200 && memmem(line.p, line.n, by, sizeof(by) - 1) &&
           memmem(line.p, line.n, event.p, event.n);
}

static int take_epoch(struct tx_recovery *r, struct tx_text line) {
    if (r->compared)
        return tx_recovery_refuse(
            r,
            "Record %llu begins an epoch that the signer does not know: the key directory is older "
            "than the log, or the log was changed.",
            (unsigned long long)tx_ledger_size(r->ledger));
    r->ledger->before_epoch = r->ledger->now.tree;
    r->epoch_line.len = 0;
    return tx_bytes_append(&r->epoch_line, line.p, line.n);
}

static int take_record(struct tx_recovery *r, struct tx_text line) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_digest leaf;
    uint8_t client[8];
    uint64_t n;
    int e = 0;

    if (!begins_with_seq(line, tx_ledger_size(ledger)) || !is_clean(line) ||
        line.n > TX_LIMIT_LINE_BYTES)
        return TX_RECOVERY_E_TORN;
    bool is_epoch = tx_line_is_epoch(line);
    if (is_epoch && ledger->now.epoch_open)
        return TX_RECOVERY_E_TORN;
    if (is_epoch)
        e = take_epoch(r, line);
    if (e == 0)
        e = tx_tip_add_record(&ledger->now, ledger->hasher, line, &leaf);
    if (e != 0)
        return e == -EBADMSG ? TX_RECOVERY_E_TORN : e;
    tx_retain_scan(&ledger->retain, line);
    if (tx_clients_scan(line, client, &n)) {
        tx_clients_set(ledger->clients, client, n, tx_ledger_size(ledger) - 1);
        tx_recent_put(ledger->recent, client, n, tx_ledger_size(ledger) - 1, &leaf);
    }
    /* What the last checkpoint brought about may come after tracex.stop. */
    if (!is_epoch && !is_own(line, TX_TEXT("\"event\":\"tracex.disk\"")))
        r->stopped = is_own(line, TX_TEXT("\"event\":\"tracex.stop\""));
    if (r->compared)
        return tx_ledger_show_leaf(ledger, line, &leaf);
    return tx_recovery_compare(r);
}

bool tx_recovery_note_size(const struct tx_recovery *r, struct tx_text text, uint64_t *ret) {
    _cleanup_(tx_freep) struct tx_note *note = malloc(sizeof(*note));
    struct tx_checkpoint checkpoint;
    if (!note || tx_note_parse(text, note) != 0 ||
        tx_checkpoint_parse(note->text, &checkpoint) != 0 ||
        !tx_text_equal(checkpoint.origin, tx_recovery_origin(r)))
        return false;
    *ret = checkpoint.size;
    return true;
}

static int take_note(struct tx_recovery *r, struct tx_text note, bool seal) {
    struct tx_ledger *ledger = r->ledger;
    bool ends_epoch = ledger->now.epoch_open;
    uint64_t size;

    if (!tx_recovery_note_size(r, note, &size) || size != tx_ledger_size(ledger))
        return TX_RECOVERY_E_TORN;
    int e = replay(r, note, seal);
    if (e != 0)
        return e;
    e = tx_tip_copy(&r->older, &ledger->anchor);
    if (e == 0)
        e = tx_tip_add_note(&ledger->now, ledger->hasher, note);
    if (e == 0 && ends_epoch)
        e = tx_ledger_prepare_proof(ledger,
                                    (struct tx_text){(char *)r->epoch_line.data, r->epoch_line.len},
                                    &ledger->before_epoch);
    if (e == 0)
        e = tx_tip_copy(&ledger->anchor, &ledger->now);
    if (e == 0)
        tx_ledger_evict_clients(ledger);
    r->sealed = seal;
    return e;
}

bool tx_recovery_note_of(struct tx_recovery *r, struct tx_text line, struct tx_text *ret) {
    struct tx_buf scratch = tx_buf_of(r->scratch.data, r->scratch.cap);
    struct tx_control_checkpoint checkpoint;
    struct tx_control_seal seal;

    switch (tx_line_kind(line)) {
    case TX_LINE_CHECKPOINT:
        if (tx_control_parse_checkpoint(line, &scratch, &checkpoint) < 0)
            return false;
        *ret = checkpoint.note;
        return true;
    case TX_LINE_SEAL:
        if (tx_control_parse_seal(line, &scratch, &seal) < 0)
            return false;
        *ret = seal.note;
        return true;
    default:
        return false;
    }
}

int tx_recovery_take_line(struct tx_recovery *r, struct tx_text line) {
    struct tx_text note;
    if (r->sealed)
        return TX_RECOVERY_E_TORN;
    if (tx_line_kind(line) == TX_LINE_RECORD)
        return take_record(r, line);
    return tx_recovery_note_of(r, line, &note)
               ? take_note(r, note, tx_line_kind(line) == TX_LINE_SEAL)
               : TX_RECOVERY_E_TORN;
}
