/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"

/*
 * What a replacement leaves beside it may be found only now: the digits behind a masked card were
 * no number of their own before. Such bytes are united with the stretch that they lie at, in the
 * original text, and all is replaced anew. What is found wholly within a replacement is left alone:
 * it is what a rule wrote. So a second masking finds nothing more than the first one.
 */

/* Of one round. */
#define FOUND_MAX 64

/* Where a place of the text that came out lies in the original; within a replacement: at its
 * start, or its end. */
static uint32_t original_of(const struct tx_mask *mask, uint32_t at, bool is_end) {
    uint32_t out = 0, original = 0;

    for (size_t i = 0; i < mask->n_stretches; i++) {
        const struct tx_stretch *stretch = &mask->stretches[i];
        bool before = is_end ? at <= stretch->out_start : at < stretch->out_start;
        bool within = is_end ? at <= stretch->out_end : at < stretch->out_end;
        if (before)
            break;
        if (within)
            return is_end ? stretch->end : stretch->start;
        out = stretch->out_end;
        original = stretch->end;
    }
    return original + (at - out);
}

static const struct tx_stretch *around(const struct tx_mask *mask, const struct tx_match *match) {
    for (size_t i = 0; i < mask->n_stretches; i++)
        if (match->start >= mask->stretches[i].out_start &&
            match->end <= mask->stretches[i].out_end)
            return &mask->stretches[i];
    return NULL;
}

/* Up to where what a match says reaches, or 0 when it is what a rule wrote. A network that was
 * written where an address stood is one only with its prefix length: digits that follow that would
 * make it another. */
static uint32_t reach_of(const struct tx_mask *mask, const struct tx_match *match,
                         const struct tx_claim *claim, struct tx_text out) {
    const struct tx_stretch *stretch = around(mask, match);
    uint32_t end = match->end;

    if (!stretch)
        return end;
    if (claim->action.kind != TX_ACTION_IP || stretch->claim.action.kind != TX_ACTION_IP ||
        tx_action_ip_end(out, end) == stretch->out_end)
        return 0;
    for (end = stretch->out_end; end < out.n && out.p[end] >= '0' && out.p[end] <= '9';)
        end++;
    return end > stretch->out_end ? end : 0;
}

/* Takes in all that it overlaps. */
static bool insert(struct tx_mask *mask, struct tx_stretch new) {
    size_t i = 0, k;

    while (i < mask->n_stretches && mask->stretches[i].end <= new.start)
        i++;
    for (k = i; k < mask->n_stretches && mask->stretches[k].start < new.end; k++) {
        const struct tx_stretch *old = &mask->stretches[k];
        new.start = old->start < new.start ? old->start : new.start;
        new.end = old->end > new.end ? old->end : new.end;
        tx_detectors_or(&new.detectors, &old->detectors);
        tx_claim_add(&new.claim, &old->claim);
    }
    if (k == i && mask->n_stretches == TX_DETECT_MATCHES_MAX)
        return false;
    memmove(&mask->stretches[i + 1], &mask->stretches[k],
            (mask->n_stretches - k) * sizeof(mask->stretches[0]));
    mask->stretches[i] = new;
    mask->n_stretches = mask->n_stretches + 1 - (k - i);
    return true;
}

enum tx_settled tx_settle(struct tx_mask *mask, const struct tx_slot *slot, struct tx_text out) {
    TX_UNINITIALIZED struct tx_stretch found[FOUND_MAX];
    const struct tx_slot came_out = {.verdict = slot->verdict, .text = out};
    size_t n = 0;

    tx_slots_look(mask, &slot->wanted, out, slot->name);
    if (mask->few.overflow)
        return TX_SETTLED_NEVER;
    for (size_t i = 0; i < mask->few.n; i++) {
        const struct tx_match *match = &mask->few.match[i];
        struct tx_claim claim = tx_claims_of(mask, &came_out, match);
        uint32_t end = claim.any ? reach_of(mask, match, &claim, out) : 0;
        if (end == 0)
            continue;
        if (n == FOUND_MAX)
            return TX_SETTLED_NEVER;
        found[n] = (struct tx_stretch){.start = original_of(mask, match->start, false),
                                       .end = original_of(mask, end, true),
                                       .claim = claim};
        tx_detectors_add(&found[n++].detectors, match->detector);
    }
    for (size_t i = 0; i < n; i++)
        if (!insert(mask, found[i]))
            return TX_SETTLED_NEVER;
    for (size_t i = 0; i < n; i++)
        tx_claim_add(&mask->strictest, &found[i].claim);
    return n > 0 ? TX_SETTLED_NOT_YET : TX_SETTLED;
}
