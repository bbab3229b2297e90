/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/dfa.h"

#include <string.h>

#include "libtx/pattern/grow.h"

/* Steps that building one table may take: some tenths of a second. */
#define WORK_MAX (50u * 1000u * 1000u)

#define BUCKETS (1u << 17) /* twice as many as there can be states */

struct builder {
    const struct tx_nfa *nfa;
    const struct tx_alphabet *alphabet;
    const struct tx_edges *edges;
    bool backward;
    size_t max_states;
    struct tx_dfa *dfa;
    size_t cap_next, cap_edge, cap_set, cap_kind;
    uint64_t work;
    uint32_t *bucket; /* 1 + state; open addressing */
    /* Of one state: */
    uint8_t *allowed;    /* of each position, the kinds of the next character that may lead there */
    uint16_t *candidate; /* the positions of which some are allowed */
    size_t n_candidates;
    uint64_t *target; /* [symbol * n_words] */
};

static void builder_deinit(struct builder *b) {
    free(b->bucket);
    free(b->allowed);
    free(b->candidate);
    free(b->target);
}

static int builder_init(struct builder *b) {
    b->bucket = calloc(BUCKETS, sizeof(b->bucket[0]));
    b->allowed = calloc(b->nfa->n, sizeof(b->allowed[0]));
    b->candidate = calloc(b->nfa->n, sizeof(b->candidate[0]));
    b->target = calloc(b->alphabet->n * b->dfa->n_words, sizeof(b->target[0]));
    return b->bucket && b->allowed && b->candidate && b->target ? 0 : -ENOMEM;
}

/* --- states --- */

static uint64_t hash(const uint64_t *set, size_t n_words, unsigned kind) {
    uint64_t h = kind + 1;
    for (size_t i = 0; i < n_words; i++) {
        h = (h ^ set[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

static int add_state(struct builder *b, const uint64_t *set, unsigned kind) {
    struct tx_dfa *dfa = b->dfa;
    size_t n = dfa->n_states;
    if (n == b->max_states)
        return TX_DFA_E_STATES;
    int r = tx_grow(&dfa->next, &b->cap_next, (n + 1) * dfa->n_symbols, sizeof(dfa->next[0]));
    if (r == 0)
        r = tx_grow(&dfa->edge, &b->cap_edge, n + 1, sizeof(dfa->edge[0]));
    if (r == 0)
        r = tx_grow(&dfa->kind, &b->cap_kind, n + 1, sizeof(dfa->kind[0]));
    if (r == 0)
        r = tx_grow(&dfa->set, &b->cap_set, (n + 1) * dfa->n_words, sizeof(dfa->set[0]));
    if (r < 0)
        return r;
    memcpy(&dfa->set[n * dfa->n_words], set, dfa->n_words * sizeof(set[0]));
    dfa->kind[n] = (uint8_t)kind;
    dfa->edge[n] = 0;
    dfa->n_states++;
    return 0;
}

/* The state that is this set, new or known. */
static int find_state(struct builder *b, const uint64_t *set, unsigned kind, uint16_t *ret) {
    struct tx_dfa *dfa = b->dfa;
    size_t at = (size_t)hash(set, dfa->n_words, kind) % BUCKETS;

    b->work += dfa->n_words;
    for (; b->bucket[at]; at = (at + 1) % BUCKETS) {
        size_t state = b->bucket[at] - 1;
        if (dfa->kind[state] == kind &&
            memcmp(&dfa->set[state * dfa->n_words], set, dfa->n_words * sizeof(set[0])) == 0) {
            *ret = (uint16_t)state;
            return 0;
        }
    }
    int r = add_state(b, set, kind);
    if (r != 0)
        return r;
    b->bucket[at] = (uint32_t)dfa->n_states;
    *ret = (uint16_t)(dfa->n_states - 1);
    return 0;
}

/* --- steps --- */

/* The kinds of the next character for which the gap is open, the last one being of `kind`. */
static unsigned kinds_of_gap(const struct builder *b, unsigned gap, unsigned kind) {
    unsigned kinds = 0;
    if (!b->backward)
        return gap >> (3 * kind) & 7;
    for (unsigned k = 0; k < TX_KIND_N; k++)
        kinds |= (gap & TX_GAP(k, kind)) ? 1u << k : 0;
    return kinds;
}

static void find_candidates(struct builder *b, size_t state) {
    const struct tx_dfa *dfa = b->dfa;
    unsigned kind = dfa->kind[state];

    for (size_t i = 0; i < b->n_candidates; i++)
        b->allowed[b->candidate[i]] = 0;
    b->n_candidates = 0;
    for (size_t w = 0; w < dfa->n_words; w++)
        for (uint64_t rest = dfa->set[state * dfa->n_words + w]; rest; rest &= rest - 1) {
            size_t q = w * 64 + (size_t)__builtin_ctzll(rest);
            b->work += b->edges->at[q + 1] - b->edges->at[q];
            for (uint32_t i = b->edges->at[q]; i < b->edges->at[q + 1]; i++) {
                const struct tx_edge *edge = &b->edges->edge[i];
                unsigned kinds = kinds_of_gap(b, edge->gap, kind);
                if (kinds && !b->allowed[edge->to])
                    b->candidate[b->n_candidates++] = edge->to;
                b->allowed[edge->to] |= (uint8_t)kinds;
            }
        }
}

/* Puts a position into the target of each symbol that it takes. */
static void place(struct builder *b, size_t position) {
    const struct tx_symbols *symbols = &b->alphabet->class[b->nfa->class[position]];
    for (size_t w = 0; w < TX_COUNT_OF(symbols->word); w++)
        for (uint64_t rest = symbols->word[w]; rest; rest &= rest - 1) {
            size_t symbol = w * 64 + (size_t)__builtin_ctzll(rest);
            b->work++;
            if (b->allowed[position] >> b->alphabet->kind[symbol] & 1)
                tx_set_add(&b->target[symbol * b->dfa->n_words], position);
        }
}

static int expand(struct builder *b, size_t state) {
    struct tx_dfa *dfa = b->dfa;
    size_t end = b->backward ? TX_NFA_START : TX_NFA_ACCEPT;

    find_candidates(b, state);
    dfa->edge[state] = b->n_candidates ? b->allowed[end] : TX_DFA_DEAD;
    memset(b->target, 0, dfa->n_symbols * dfa->n_words * sizeof(b->target[0]));
    b->work += dfa->n_symbols * dfa->n_words;
    for (size_t i = 0; i < b->n_candidates; i++)
        if (b->candidate[i] != end)
            place(b, b->candidate[i]);
    for (size_t symbol = 0; symbol < dfa->n_symbols; symbol++) {
        uint64_t *set = &b->target[symbol * dfa->n_words];
        uint16_t to;
        if (b->backward) /* a match may end anywhere */
            tx_set_add(set, TX_NFA_ACCEPT);
        int r = find_state(b, set, b->alphabet->kind[symbol], &to);
        if (r != 0)
            return r;
        dfa->next[state * dfa->n_symbols + symbol] = to;
    }
    return b->work > WORK_MAX ? TX_DFA_E_WORK : 0;
}

static int begin(struct builder *b) {
    uint64_t *set = b->target;
    int r = 0;
    tx_set_add(set, b->backward ? TX_NFA_ACCEPT : TX_NFA_START);
    if (b->backward)
        return find_state(b, set, b->alphabet->kind[TX_SYMBOL_NUL], &b->dfa->initial[0]);
    for (unsigned kind = 0; kind < TX_KIND_N && r == 0; kind++)
        r = find_state(b, set, kind, &b->dfa->initial[kind]);
    return r;
}

void tx_dfa_deinit(struct tx_dfa *dfa) {
    free(dfa->next);
    free(dfa->edge);
    free(dfa->set);
    free(dfa->kind);
    *dfa = (struct tx_dfa){.n_states = 0};
}

int tx_dfa_init(const struct tx_nfa *nfa, const struct tx_alphabet *alphabet, bool backward,
                size_t max_states, struct tx_dfa *ret) {
    _cleanup_(builder_deinit) struct builder b = {
        .nfa = nfa,
        .alphabet = alphabet,
        .edges = backward ? &nfa->backward : &nfa->forward,
        .backward = backward,
        .max_states = max_states < TX_PATTERN_STATES_MAX ? max_states : TX_PATTERN_STATES_MAX,
        .dfa = ret};

    *ret = (struct tx_dfa){.n_symbols = alphabet->n, .n_words = (nfa->n + 63) / 64};
    int r = builder_init(&b);
    if (r == 0)
        r = begin(&b);
    for (size_t state = 0; r == 0 && state < ret->n_states; state++)
        r = expand(&b, state);
    return r;
}
