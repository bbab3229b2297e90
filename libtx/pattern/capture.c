/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/pattern/compiled.h"

/*
 * Backward once more, over one match only, and with its end as the only one: of the positions that
 * forward states hold, those from which this end is reached. A character that some of them takes
 * within the first group is the group's. Where a match can be read in several ways, that is what
 * any of them puts into the group: rather too much than too little.
 */

#define WORDS_MAX ((TX_NFA_POSITIONS_MAX + 63) / 64)

/* The positions of `of` from which one of `next` is reached over a gap between these kinds. */
static void step_back(const struct tx_nfa *nfa, const uint64_t *of, const uint64_t *next,
                      size_t n_words, unsigned gap, uint64_t *ret) {
    memset(ret, 0, n_words * sizeof(ret[0]));
    for (size_t w = 0; w < n_words; w++)
        for (uint64_t rest = next[w]; rest; rest &= rest - 1) {
            size_t q = w * 64 + (size_t)__builtin_ctzll(rest);
            for (uint32_t i = nfa->backward.at[q]; i < nfa->backward.at[q + 1]; i++) {
                const struct tx_edge *edge = &nfa->backward.edge[i];
                if ((edge->gap & gap) && tx_set_has(of, edge->to))
                    tx_set_add(ret, edge->to);
            }
        }
}

static bool is_in_group(const struct tx_nfa *nfa, const uint64_t *set, size_t n_words) {
    for (size_t w = 0; w < n_words; w++)
        for (uint64_t rest = set[w]; rest; rest &= rest - 1)
            if (nfa->in_group_1[w * 64 + (size_t)__builtin_ctzll(rest)])
                return true;
    return false;
}

/* The state of each byte of the match becomes 1 when the byte is the group's, else 0. */
static void mark(const struct tx_pattern *pattern, struct tx_pattern_memory *memory,
                 struct tx_text text, size_t start, size_t end) {
    const struct tx_alphabet *alphabet = &pattern->alphabet;
    const uint8_t *p = (const uint8_t *)text.p;
    size_t n_words = pattern->forward.n_words, at = end, bytes;
    uint64_t sets[2][WORDS_MAX] = {{1u << TX_NFA_ACCEPT}};
    uint64_t *next = sets[0], *here = sets[1];
    unsigned symbol =
        end < text.n ? tx_alphabet_next(alphabet, p, text.n, end, &bytes) : TX_SYMBOL_NUL;
    unsigned kind_after = alphabet->kind[symbol];

    while (at > start) {
        symbol = tx_alphabet_before(alphabet, p, at, &bytes);
        at -= bytes;
        unsigned kind = alphabet->kind[symbol];
        step_back(&pattern->nfa, tx_dfa_set(&pattern->forward, memory->state[at]), next, n_words,
                  TX_GAP(kind, kind_after), here);
        bool in_group = is_in_group(&pattern->nfa, here, n_words);
        for (size_t i = 0; i < bytes; i++)
            memory->state[at + i] = in_group;
        kind_after = kind;
        uint64_t *swap = next;
        next = here;
        here = swap;
    }
    memory->steps += (end - start) * n_words;
}

bool tx_capture_report(const struct tx_pattern *pattern, struct tx_pattern_memory *memory,
                       struct tx_text text, size_t start, size_t end, tx_pattern_found *found,
                       void *userdata) {
    mark(pattern, memory, text, start, end);
    for (size_t at = start; at < end;) {
        size_t from = at;
        while (at < end && memory->state[at] == memory->state[from])
            at++;
        if (memory->state[from] && !found(userdata, from, at))
            return false;
    }
    return true;
}
