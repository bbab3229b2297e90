/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/segment/verify-parts.h"

static bool fits(struct tx_verifier *v, uint64_t size, const struct tx_digest *root) {
    struct tx_digest now;
    return tx_stretch_root(&v->stretch, size, &now) == 0 &&
           memcmp(now.bytes, root->bytes, TX_HASH_BYTES) == 0;
}

static bool in_stretch(struct tx_verifier *v, uint64_t seq, uint64_t size) {
    const struct tx_stretch_leaf *leaf = tx_stretch_leaf(&v->stretch, seq);
    return seq < size && leaf && leaf->known;
}

static void hash_spare(struct tx_verifier *v, const struct tx_verify_spare *spare,
                       struct tx_digest *ret) {
    tx_hash_leaf(v->hasher, spare->text.data, spare->text.len, ret);
}

/* A second record with a seq may be the right one, and the first was put in. */
static bool try_second(struct tx_verifier *v, uint64_t size, const struct tx_digest *root) {
    for (size_t i = 0; i < v->n_spares; i++) {
        struct tx_verify_spare *spare = &v->spares[i];
        if (spare->waits || spare->put_at != TX_NO_SEQ || !in_stretch(v, spare->seq, size))
            continue;
        struct tx_stretch_leaf *leaf = tx_stretch_leaf(&v->stretch, spare->seq), first = *leaf;
        v->stretch.in_order = false;
        hash_spare(v, spare, &leaf->hash);
        if (!fits(v, size, root)) {
            *leaf = first;
            continue;
        }
        leaf->n_text = 0;
        tx_verify_withdraw(v, spare->finding);
        tx_verify_find_records(v, TX_FINDING_INSERTED, spare->seq, spare->seq, first.line,
                               first.offset, "a second record with this seq");
        tx_verify_drop_spare(v, i);
        return true;
    }
    return false;
}

/* Records that say other seqs than their places may have been put there as they are: each goes to
 * the seq that it says. */
static bool try_moved(struct tx_verifier *v, uint64_t size, const struct tx_digest *root) {
    struct tx_digest kept[TX_VERIFY_SPARE];
    bool moved[TX_VERIFY_SPARE] = {false}, any = false;

    for (size_t i = 0; i < v->n_spares; i++) {
        const struct tx_verify_spare *spare = &v->spares[i];
        moved[i] = spare->put_at != TX_NO_SEQ && in_stretch(v, spare->seq, size);
        if (!moved[i])
            continue;
        kept[i] = tx_stretch_leaf(&v->stretch, spare->seq)->hash;
        any = true;
    }
    if (!any)
        return false;
    v->stretch.in_order = false;
    for (size_t i = 0; i < v->n_spares; i++)
        if (moved[i])
            hash_spare(v, &v->spares[i], &tx_stretch_leaf(&v->stretch, v->spares[i].seq)->hash);
    bool right = fits(v, size, root);
    for (size_t i = 0; i < v->n_spares; i++) {
        if (!moved[i])
            continue;
        struct tx_stretch_leaf *leaf = tx_stretch_leaf(&v->stretch, v->spares[i].seq);
        struct tx_finding *finding = tx_verify_finding(v, v->spares[i].finding);
        if (!right) {
            leaf->hash = kept[i];
        } else if (finding) {
            finding->kind = TX_FINDING_OUT_OF_ORDER;
            finding->first_seq = finding->last_seq = v->spares[i].seq;
            snprintf(finding->text, sizeof(finding->text), "the record stands at another's place");
        }
        leaf->n_text = right ? 0 : leaf->n_text;
    }
    return right;
}

static void withdraw_findings_of(struct tx_verifier *v, uint64_t seq) {
    for (size_t i = 0; i < v->result->findings.n; i++) {
        const struct tx_finding *finding = &v->result->findings.items[i];
        if (finding->first_seq == seq && finding->last_seq == seq &&
            (finding->kind == TX_FINDING_MALFORMED || finding->kind == TX_FINDING_CHANGED))
            tx_verify_withdraw(v, i);
    }
}

static void name_byte(char ret[8], uint8_t c) {
    if (c > 0x20 && c < 0x7f)
        snprintf(ret, 8, "'%c'", c);
    else
        snprintf(ret, 8, "0x%02x", c);
}

static bool try_one_byte(struct tx_verifier *v, uint64_t size, const struct tx_digest *root) {
    struct tx_stretch_repair repair;
    char is[8], was[8], text[TX_FINDING_TEXT_BYTES];

    /* Fewer each time: many changes are not somebody's change of a byte, and each costs a search.
     */
    uint64_t attempts = v->options->repair_attempts / (1 + v->n_repairs++);
    int r = tx_stretch_repair(&v->stretch, size, root, attempts, &repair);
    if (r < 0)
        tx_verify_fail(v, r);
    if (r != 0)
        return false;
    struct tx_stretch_leaf *leaf = tx_stretch_leaf(&v->stretch, repair.index);
    struct tx_text signed_text = tx_stretch_text(&v->stretch, leaf);
    withdraw_findings_of(v, repair.index);
    v->repaired = repair.index;
    name_byte(is, repair.is);
    name_byte(was, repair.was);
    snprintf(text, sizeof(text),
             "one byte of the record was changed: it is %s, and what was signed has %s", is, was);
    size_t finding = tx_verify_find_records(v, TX_FINDING_CHANGED, repair.index, repair.index,
                                            leaf->line, leaf->offset + repair.byte, text);
    struct tx_finding *f = tx_verify_finding(v, finding);
    if (f)
        tx_finding_take_event(signed_text, f->event);
    if (v->epoch_due && repair.index == v->next_seq)
        tx_verify_epoch_was(v, signed_text);
    return true;
}

/* Which of them is it? Those that are not even JSON; else all that no checkpoint tells apart. */
static void name_suspects(struct tx_verifier *v, uint64_t size) {
    uint64_t begin = v->stretch.base.end;
    bool any = false;
    for (uint64_t seq = begin; v->options->is_broken && seq < size; seq++) {
        const struct tx_stretch_leaf *leaf = tx_stretch_leaf(&v->stretch, seq);
        if (!leaf || leaf->n_text == 0 ||
            !v->options->is_broken(tx_stretch_text(&v->stretch, leaf)))
            continue;
        tx_verify_find_records(v, TX_FINDING_CHANGED, seq, seq, leaf->line, leaf->offset,
                               "the record was changed: it is not JSON any more");
        any = true;
    }
    if (any)
        return;
    const struct tx_stretch_leaf *first = tx_stretch_leaf(&v->stretch, begin);
    uint64_t line = first ? first->line : v->line;
    uint64_t offset = first ? first->offset : v->piece.offset;
    tx_verify_find_records(v, TX_FINDING_CHANGED, begin, size - 1, line, offset,
                           size - begin == 1
                               ? "the record was changed"
                               : "one or more of these records were changed; no checkpoint stands "
                                 "between them to tell which");
}

bool tx_verify_explain(struct tx_verifier *v, uint64_t size, const struct tx_digest *root) {
    if (try_second(v, size, root) || try_moved(v, size, root) || try_one_byte(v, size, root))
        return true;
    if (!v->named)
        name_suspects(v, size);
    return false;
}
