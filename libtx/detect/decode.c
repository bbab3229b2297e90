/* SPDX-License-Identifier: MIT */
#include "libtx/detect/decode.h"

#include <string.h>

#include "libtx/base/error.h"
#include "libtx/crypto/secret.h"
#include "libtx/detect/detect.h"
#include "libtx/detect/escape.h"

/* Shorter ones hold nothing that a detector finds. */
#define BASE64_MIN 12
#define HEX_MIN 14

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* 1 more than the value; 0: none. Both alphabets of RFC 4648. */
static const uint8_t base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['-'] = 63,
    ['/'] = 64, ['_'] = 64,
};

/* What no text has: of random bytes every eighth is one. */
static bool is_control(uint8_t c) {
    return (c < 0x20 && !is_space((char)c)) || c == 0x7f;
}

/* --- percent signs, escapes and entities: a word between white space --- */

#define WORD_BACK 256 /* so far before the first escape a word begins at most */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static bool is_alnum(char c) {
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}
static bool is_escape(char c) {
    return c == '%' || c == '\\' || c == '&';
}

/* Groups of digits are one word: not all of them need have an escape. */
static bool joins(struct tx_text text, size_t at, char before) {
    return at + 1 < text.n && is_space(text.p[at]) && is_digit(before) &&
           (is_digit(text.p[at + 1]) || is_escape(text.p[at + 1]));
}

/* Not before `first`, where the last such word ended. */
static size_t word_start(struct tx_text text, size_t first, size_t at) {
    size_t start = at;
    while (
        start > first && at - start < WORD_BACK &&
        (!is_space(text.p[start - 1]) || (start > 1 && joins(text, start - 1, text.p[start - 2]))))
        start--;
    return start;
}

/* In a URL's query (HTML's form-urlencoded) a plus sign between two characters is a space. */
static bool is_plus(struct tx_text text, size_t at, char before) {
    return text.p[at] == '+' && is_alnum(before) && at + 1 < text.n &&
           (is_alnum(text.p[at + 1]) || text.p[at + 1] == '%');
}

static void decode_escapes(const struct tx_coded *coded, unsigned decode, size_t at, uint8_t *ret,
                           struct tx_encoded *ret_word) {
    const struct tx_text text = coded->text;
    size_t start = word_start(text, coded->words_done, at), i = start, n = 0;
    bool has_percent = text.p[at] == '%';

    for (size_t n_char; i < text.n; i += n_char) {
        size_t n_put = 1;
        char before = n > 0 ? (char)ret[n - 1] : '\0';
        if (i > at && is_space(text.p[i]) && !joins(text, i, before))
            break;
        uint8_t one[4];
        n_char =
            is_escape(text.p[i]) ? tx_escape_read(text.p + i, text.n - i, decode, one, &n_put) : 0;
        if (n_char == 0) {
            n_char = n_put = 1;
            one[0] = (uint8_t)(has_percent && is_plus(text, i, before) ? ' ' : text.p[i]);
        }
        for (size_t k = 0; k < n_put; k++, n++) {
            ret[n] = one[k];
            coded->origins[n] = (uint32_t)i;
        }
    }
    coded->origins[n] = (uint32_t)i;
    *ret_word = (struct tx_encoded){.start = start, .end = i, .n = n, .is_mixed = true};
}

/* --- base64 and hex: a run of their characters --- */

/* Random bytes are out within a few, by the first that no text has: a control character, or one
 * that does not go on as UTF-8 does. Whether it is valid is seen at the end. */
enum state { START, ONE_MORE, TWO_MORE, THREE_MORE, OUT, N_STATES };
enum kind { TEXT, MORE, LEAD_2, LEAD_3, LEAD_4, NEVER, N_KINDS };

static const uint8_t next_state[N_STATES][N_KINDS] = {
    [START] = {START, OUT, ONE_MORE, TWO_MORE, THREE_MORE, OUT},
    [ONE_MORE] = {OUT, START, OUT, OUT, OUT, OUT},
    [TWO_MORE] = {OUT, ONE_MORE, OUT, OUT, OUT, OUT},
    [THREE_MORE] = {OUT, TWO_MORE, OUT, OUT, OUT, OUT},
    [OUT] = {OUT, OUT, OUT, OUT, OUT, OUT},
};

static inline enum kind kind_of(uint8_t c) {
    /* By the upper five bits; the two bytes that begin none among them, and what is a control
     * character, are out at the end. */
    static const uint8_t kinds[32] = {
        NEVER, TEXT, NEVER,  NEVER,  TEXT,   TEXT,   TEXT,   TEXT,   TEXT,   TEXT, TEXT,
        TEXT,  TEXT, TEXT,   TEXT,   TEXT,   MORE,   MORE,   MORE,   MORE,   MORE, MORE,
        MORE,  MORE, LEAD_2, LEAD_2, LEAD_2, LEAD_2, LEAD_3, LEAD_3, LEAD_4, NEVER};
    return (enum kind)kinds[c >> 3];
}
static inline enum state go_on(enum state state, uint8_t c) {
    return (enum state)next_state[state][kind_of(c)];
}

/* No control characters, and UTF-8. */
static bool is_text(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (is_control(p[i]))
            return false;
    return tx_utf8_valid((const char *)p, n);
}

static bool decode_hex(struct tx_text run, uint8_t *ret, size_t *ret_n) {
    enum state state = START;
    if (run.n < HEX_MIN || run.n % 2)
        return false;
    for (size_t i = 0; i < run.n && state != OUT; i += 2) {
        int high = tx_hex_value(run.p[i]), low = tx_hex_value(run.p[i + 1]);
        if ((high | low) < 0)
            return false;
        ret[i / 2] = (uint8_t)(high << 4 | low);
        state = go_on(state, ret[i / 2]);
    }
    *ret_n = run.n / 2;
    return state == START && is_text(ret, *ret_n);
}

static bool decode_base64(struct tx_text run, uint8_t *ret, size_t *ret_n) {
    enum state state = START;
    uint32_t bits = 0;
    size_t n = 0;
    if (run.n < BASE64_MIN || run.n % 4 == 1)
        return false;
    for (size_t i = 0; i < run.n && state != OUT; i++) {
        bits = bits << 6 | (base64_values[(uint8_t)run.p[i]] - 1u);
        if (i % 4 == 0)
            continue;
        ret[n] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        state = go_on(state, ret[n++]);
    }
    *ret_n = n;
    return state == START && is_text(ret, n);
}

/* Whether the first three bytes of what characters stand for can be text: each one can stand behind
 * the one before it. Without a branch, since nobody can tell which, and without
 * waiting for one byte to look at the next. */
#define TEXTS UINT32_C(0x0000fff2) /* by the upper five bits, as in kind_of */
#define MORES UINT32_C(0x00ff0000)
#define LEADS UINT32_C(0x7f000000)

static inline bool may_be_text(const uint8_t *p, size_t n) {
    static const uint32_t behind[N_KINDS] = {[TEXT] = TEXTS | LEADS,
                                             [MORE] = TEXTS | MORES | LEADS,
                                             [LEAD_2] = MORES,
                                             [LEAD_3] = MORES,
                                             [LEAD_4] = MORES};
    uint32_t ok = (TEXTS | LEADS) >> (p[0] >> 3);
#pragma GCC unroll 8
    for (size_t i = 1; i < n; i++)
        ok &= behind[kind_of(p[i - 1])] >> (p[i] >> 3);
    return ok & 1;
}
static inline bool are_hex(const char *p) {
    uint8_t bytes[3];
    int all = 0;
#pragma GCC unroll 3
    for (size_t i = 0; i < 3; i++) {
        int high = tx_hex_value(p[2 * i]), low = tx_hex_value(p[2 * i + 1]);
        all |= high | low;
        bytes[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
    }
    return may_be_text(bytes, 3) & (all >= 0);
}
static inline bool are_base64(const char *p) {
    uint32_t bits = 0;
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        bits = bits << 6 | (base64_values[(uint8_t)p[i]] - 1u);
    const uint8_t bytes[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
    return may_be_text(bytes, 3);
}

/* A path or words with dashes can have a word of base64 among them. So a run is tried as a whole,
 * then as what is between dashes, between slashes, and between any of them; each from its start. */
enum alphabet { WHOLE, NO_DASHES, NO_SLASHES, NEITHER, N_ALPHABETS };

static uint64_t class_of(const struct tx_bits *bits, size_t b, enum alphabet alphabet) {
    uint64_t alnum = bits->alnum[b], slashes = bits->slashes[b];
    switch (alphabet) {
    case WHOLE:
        return bits->base64[b];
    case NO_DASHES:
        return alnum | slashes;
    case NO_SLASHES:
        return bits->base64[b] & ~slashes;
    default:
        return alnum;
    }
}

static bool begins_run(const struct tx_coded *coded, size_t at, enum alphabet alphabet) {
    size_t i = coded->first + at - 1;
    return at == 0 || !(class_of(coded->bits, i / 64, alphabet) >> (i % 64) & 1);
}

static size_t run_end(const struct tx_coded *coded, size_t at, enum alphabet alphabet) {
    size_t i = coded->first + at, b = i / 64;
    uint64_t others = ~class_of(coded->bits, b, alphabet) & UINT64_MAX << (i % 64);
    while (!others)
        others = ~class_of(coded->bits, ++b, alphabet);
    return b * 64 + (size_t)__builtin_ctzll(others) - coded->first;
}

/* --- base64 in lines, as MIME and PEM have it --- */

#define LINE_MIN 60

/* "\n" and "\r\n", also as JSON writes them; 0: no line ends here. */
static size_t break_at(struct tx_text text, size_t at) {
    static const struct tx_text breaks[] = {{"\n", 1}, {"\r\n", 2}, {"\\n", 2}, {"\\r\\n", 4}};
    for (size_t i = 0; i < TX_COUNT_OF(breaks); i++)
        if (at < text.n && tx_text_starts((struct tx_text){text.p + at, text.n - at}, breaks[i]))
            return breaks[i].n;
    return 0;
}

/* Lines of one length, the last of any, into `ret` as one; *ret_n is 0 when there is but one. The
 * end of the last. */
static size_t join_lines(const struct tx_coded *coded, size_t at, size_t end, uint8_t *ret,
                         size_t *ret_n) {
    size_t line = end - at, n = 0;

    *ret_n = 0;
    if (line < LINE_MIN || line % 4 || !break_at(coded->text, end))
        return end;
    for (size_t start = at; start < coded->text.n;) {
        size_t stop = run_end(coded, start, WHOLE);
        if (stop - start > line)
            break;
        memcpy(ret + n, coded->text.p + start, stop - start);
        n += stop - start;
        end = stop;
        size_t n_break = stop - start == line ? break_at(coded->text, stop) : 0;
        if (n_break == 0)
            break;
        start = stop + n_break;
    }
    *ret_n = n > line ? n : 0;
    return end;
}

static bool take_lines(struct tx_coded *coded, size_t at, uint8_t *ret,
                       struct tx_encoded *ret_word) {
    size_t n_joined, n = 0;

    if (at < coded->lines_done || !begins_run(coded, at, WHOLE))
        return false;
    size_t end = join_lines(coded, at, run_end(coded, at, WHOLE), ret, &n_joined);
    if (n_joined == 0)
        return false;
    bool ok = decode_base64((struct tx_text){(const char *)ret, n_joined}, ret, &n);
    tx_wipe(ret + (ok ? n : 0), n_joined - (ok ? n : 0));
    coded->lines_done = end;
    if (!ok)
        return false;
    while (end < coded->text.n && coded->text.p[end] == '=')
        end++;
    coded->at = end;
    *ret_word = (struct tx_encoded){.start = at, .end = end, .n = n};
    return true;
}

/* Hex digits of a whole word behind 0x or \x, as SQL and programs write bytes. */
static bool take_prefixed(struct tx_coded *coded, unsigned decode, size_t at, uint8_t *ret,
                          struct tx_encoded *ret_word) {
    size_t start = at + 2, n;
    if (!(decode & TX_READ_HEX) || start + HEX_MIN > coded->text.n ||
        (coded->text.p[at + 1] | 0x20) != 'x')
        return false;
    size_t end = tx_run_end(coded->bits->hex, coded->first + start) - coded->first;
    bool is_whole = end == coded->text.n || !is_alnum(coded->text.p[end]);
    if (!is_whole || !decode_hex((struct tx_text){coded->text.p + start, end - start}, ret, &n))
        return false;
    coded->at = end;
    *ret_word = (struct tx_encoded){.start = at, .end = end, .n = n};
    return true;
}

static bool take_run(struct tx_coded *coded, unsigned decode, size_t at, uint8_t *ret,
                     struct tx_encoded *ret_word) {
    size_t last = 0, n;
    const char *p = coded->text.p + at;

    coded->at = at + 1;
    if (p[0] == '0' && (p[1] | 0x20) == 'x' && take_prefixed(coded, decode, at, ret, ret_word))
        return true;
    if (!are_hex(p))
        decode &= ~(unsigned)TX_READ_HEX;
    if (!are_base64(p))
        decode &= ~(unsigned)TX_READ_BASE64;
    if (!(decode & (TX_READ_HEX | TX_READ_BASE64)))
        return false;
    if ((decode & TX_READ_BASE64) && take_lines(coded, at, ret, ret_word))
        return true;
    for (enum alphabet k = WHOLE; k < N_ALPHABETS; k++) {
        if (!begins_run(coded, at, k))
            continue;
        size_t end = run_end(coded, at, k);
        struct tx_text run = {p, end - at};
        if (end == last)
            continue;
        last = end;
        if (((decode & TX_READ_HEX) && decode_hex(run, ret, &n)) ||
            ((decode & TX_READ_BASE64) && decode_base64(run, ret, &n))) {
            while (end < coded->text.n && coded->text.p[end] == '=')
                end++;
            coded->at = end;
            *ret_word = (struct tx_encoded){.start = at, .end = end, .n = n};
            return true;
        }
    }
    return false;
}

static bool take_escape(struct tx_coded *coded, unsigned decode, size_t at, uint8_t *ret,
                        struct tx_encoded *ret_word) {
    uint8_t one[4];
    size_t n_one;

    coded->at = at + 1;
    if (coded->text.p[at] == '\\' && take_prefixed(coded, decode, at, ret, ret_word))
        return true;
    /* \" and \/ alone hide nothing. */
    if (tx_escape_read(coded->text.p + at, coded->text.n - at, decode, one, &n_one) <= 2)
        return false;
    decode_escapes(coded, decode, at, ret, ret_word);
    coded->at = coded->words_done = ret_word->end;
    return true;
}

/* The next anchor from coded->at on, or the end. */
static size_t next_place(const struct tx_coded *coded) {
    size_t i = coded->first + coded->at, end = coded->first + coded->text.n;
    uint64_t bits = coded->bits->coded[i / 64] & UINT64_MAX << (i % 64);
    for (i /= 64; !bits && (i + 1) * 64 < end;)
        bits = coded->bits->coded[++i];
    i = bits ? i * 64 + (size_t)__builtin_ctzll(bits) : end;
    return i < end ? i - coded->first : coded->text.n;
}

bool tx_decode_next(struct tx_coded *coded, unsigned decode, uint8_t *ret,
                    struct tx_encoded *ret_word) {
    for (;;) {
        size_t at = next_place(coded);
        if (at >= coded->text.n)
            return false;
        char c = coded->text.p[at];
        if (is_escape(c) ? take_escape(coded, decode, at, ret, ret_word)
                         : take_run(coded, decode, at, ret, ret_word))
            return true;
    }
}
