/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/contains.h"

#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/pattern/compiled.h"
#include "libtx/pattern/grow.h"
#include "libtx/pattern/refuse.h"

/*
 * The matches that lack the text are those on ways through the forward table on which the automaton
 * of Knuth, Morris and Pratt for the text never comes to its end. All pairs of states of both that
 * can be reached without that are visited, nearest first: the first in which a match can end is a
 * shortest match that lacks it.
 */

#define WORK_MAX (2u * 1024u * 1024u) /* steps: some hundredths of a second */
#define EXAMPLE_CHARACTERS 40

/* Characters of a symbol are told apart only when they are in the text. */
struct choice {
    uint32_t character; /* one of them */
    uint16_t symbol;
    uint16_t of_text; /* index into `text`, or NOT_IN_TEXT */
};
#define NOT_IN_TEXT UINT16_MAX

struct visit {
    uint32_t from; /* index of the visit before, or its own: none */
    uint32_t character;
    uint16_t state;
    uint8_t matched; /* characters of the text */
};

struct search {
    const struct tx_pattern *pattern;
    bool ignore_case;
    size_t n_text;
    uint32_t text[TX_LITERAL_BYTES];
    uint8_t border[TX_LITERAL_BYTES + 1]; /* the longest proper one of its first i characters */
    size_t n_choices;
    struct choice choice[TX_SYMBOLS_MAX + 2 * TX_LITERAL_BYTES];
    uint64_t *seen; /* bits, [state * n_text + matched] */
    size_t n_visits, cap_visits;
    struct visit *visit;
    uint64_t work;
};

static void search_deinit(struct search *s) {
    free(s->seen);
    free(s->visit);
}

/* --- the text --- */

static uint32_t folded(const struct search *s, uint32_t c) {
    return s->ignore_case && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* What follows the last whole character is not looked at. */
static void read_text(struct search *s, const struct tx_literal *literal) {
    size_t bytes;
    for (size_t at = 0; at < literal->n; at += bytes) {
        bytes = tx_utf8_char(literal->text + at, literal->n - at);
        if (bytes == 0)
            break;
        s->text[s->n_text++] = folded(s, tx_utf8_code(literal->text + at, bytes));
    }
    for (size_t i = 1; i < s->n_text; i++) {
        size_t k = s->border[i];
        while (k > 0 && s->text[k] != s->text[i])
            k = s->border[k];
        s->border[i + 1] = (uint8_t)(k + (s->text[k] == s->text[i]));
    }
}

static size_t match_on(const struct search *s, size_t matched, const struct choice *choice) {
    if (choice->of_text == NOT_IN_TEXT)
        return 0;
    uint32_t c = s->text[choice->of_text];
    while (matched > 0 && s->text[matched] != c)
        matched = s->border[matched];
    return matched + (s->text[matched] == c);
}

/* --- characters --- */

static uint16_t find_in_text(const struct search *s, uint32_t c) {
    c = folded(s, c);
    for (size_t i = 0; i < s->n_text; i++)
        if (s->text[i] == c)
            return (uint16_t)i;
    return NOT_IN_TEXT;
}

static unsigned symbol_of(const struct tx_alphabet *alphabet, uint32_t c) {
    unsigned symbol = TX_SYMBOL_INVALID;
    if (c < 0x80)
        return alphabet->ascii[c];
    for (size_t i = 0; i < alphabet->n_above && alphabet->above[i].from <= c; i++)
        symbol = alphabet->above[i].symbol;
    return symbol;
}

/* Takes the character as a choice, when its symbol has none like it yet. */
static void offer(struct search *s, uint32_t c) {
    struct choice new = {.character = c,
                         .symbol = (uint16_t)symbol_of(&s->pattern->alphabet, c),
                         .of_text = find_in_text(s, c)};
    if (new.symbol < TX_SYMBOL_FIRST || (c >= 0xd800 && c < 0xe000) || c > TX_CODE_POINT_MAX)
        return;
    for (size_t i = 0; i < s->n_choices; i++)
        if (s->choice[i].symbol == new.symbol && s->choice[i].of_text == new.of_text)
            return;
    s->choice[s->n_choices++] = new;
}

/* Of each symbol, what reads best is offered first. More characters of an interval than the text
 * has need not be tried. */
static void offer_all(struct search *s) {
    static const struct {
        char from, to;
    } ascii[] = {{'a', 'z'}, {'0', '9'}, {'A', 'Z'}, {'!', '~'}, {' ', ' '}, {1, 0x7f}};
    const struct tx_alphabet *alphabet = &s->pattern->alphabet;

    for (size_t i = 0; i < TX_COUNT_OF(ascii); i++)
        for (int c = ascii[i].from; c <= ascii[i].to; c++)
            offer(s, (uint32_t)c);
    for (size_t i = 0; i < s->n_text; i++)
        offer(s, s->text[i]);
    for (size_t i = 0; i < alphabet->n_above; i++) {
        uint32_t from = alphabet->above[i].from, end = TX_CODE_POINT_MAX + 1;
        if (i + 1 < alphabet->n_above)
            end = alphabet->above[i + 1].from;
        for (uint32_t c = from; c < end && c <= from + TX_LITERAL_BYTES; c++)
            offer(s, c);
        if (from < 0xe000 && end > 0xe000)
            for (uint32_t c = 0xe000; c < end && c <= 0xe000 + TX_LITERAL_BYTES; c++)
                offer(s, c);
    }
}

/* --- the search --- */

static bool ends(const struct search *s, const struct visit *visit) {
    return s->pattern->forward.edge[visit->state] & TX_DFA_GAPS;
}

static int add_visit(struct search *s, struct visit visit) {
    size_t bit = (size_t)visit.state * s->n_text + visit.matched;
    if (s->seen[bit / 64] >> (bit % 64) & 1 || s->pattern->forward.edge[visit.state] == TX_DFA_DEAD)
        return 0;
    int r = tx_grow(&s->visit, &s->cap_visits, s->n_visits + 1, sizeof(s->visit[0]));
    if (r < 0)
        return r;
    s->seen[bit / 64] |= UINT64_C(1) << (bit % 64);
    s->visit[s->n_visits++] = visit;
    return 0;
}

static int go_on(struct search *s, size_t from) {
    const struct tx_dfa *dfa = &s->pattern->forward;
    int r = 0;

    s->work += s->n_choices;
    for (size_t i = 0; i < s->n_choices && r == 0; i++) {
        const struct choice *choice = &s->choice[i];
        const struct visit *here = &s->visit[from];
        size_t matched = match_on(s, here->matched, choice);
        if (matched < s->n_text)
            r = add_visit(
                s, (struct visit){.from = (uint32_t)from,
                                  .character = choice->character,
                                  .state = dfa->next[here->state * dfa->n_symbols + choice->symbol],
                                  .matched = (uint8_t)matched});
    }
    return r == 0 && s->work > WORK_MAX ? -E2BIG : r;
}

/* *ret: the first visit in which a match ends, or SIZE_MAX. */
static int find(struct search *s, size_t *ret) {
    int r = 0;
    for (size_t i = 0; i < TX_KIND_N && r == 0; i++)
        r = add_visit(s, (struct visit){.from = (uint32_t)s->n_visits,
                                        .state = s->pattern->forward.initial[i]});
    *ret = SIZE_MAX;
    for (size_t i = 0; i < s->n_visits && r == 0; i++) {
        if (s->visit[i].from != i && ends(s, &s->visit[i])) {
            *ret = i;
            return 0;
        }
        r = go_on(s, i);
    }
    return r;
}

/* --- what is said --- */

static void put_character(struct tx_buf *b, uint32_t c) {
    char bytes[4];
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
        tx_buf_str(b, "\\x");
        tx_buf_char(b, "0123456789abcdef"[c >> 4]);
        tx_buf_char(b, "0123456789abcdef"[c & 15]);
        return;
    }
    tx_buf_put(b, bytes, tx_utf8_put(c, bytes));
}

static int refuse(const struct search *s, const struct tx_literal *literal, size_t visit,
                  struct tx_pattern_error *error) {
    uint32_t character[EXAMPLE_CHARACTERS];
    char text[4 * EXAMPLE_CHARACTERS + 4];
    struct tx_buf b = {.data = (uint8_t *)text, .cap = sizeof(text) - 1};
    size_t n = 0;

    for (size_t i = visit; s->visit[i].from != i; i = s->visit[i].from)
        character[n++ % EXAMPLE_CHARACTERS] = s->visit[i].character;
    for (size_t i = 0; i < n && i < EXAMPLE_CHARACTERS; i++)
        put_character(&b, character[(n - 1 - i) % EXAMPLE_CHARACTERS]);
    text[b.len] = '\0';
    return tx_refuse(error, 0,
                     "'%s%s' is one without '%.*s'; leave it out, and what each match has is found "
                     "by itself",
                     text, n > EXAMPLE_CHARACTERS ? "…" : "", (int)literal->n, literal->text);
}

int tx_pattern_contains(const struct tx_pattern *pattern, const struct tx_literal *literal,
                        struct tx_pattern_error *ret_error) {
    _cleanup_(search_deinit) struct search s = {.pattern = pattern,
                                                .ignore_case = literal->ignore_case};
    size_t lacking;

    read_text(&s, literal);
    if (s.n_text == 0)
        return 0;
    offer_all(&s);
    s.seen = calloc(pattern->forward.n_states * s.n_text / 64 + 1, sizeof(s.seen[0]));
    if (!s.seen)
        return -ENOMEM;
    int r = find(&s, &lacking);
    if (r == -E2BIG)
        return tx_refuse(ret_error, 0, "the pattern is too large to tell; leave it out");
    return r == 0 && lacking != SIZE_MAX ? refuse(&s, literal, lacking, ret_error) : r;
}
