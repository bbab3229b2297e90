/* SPDX-License-Identifier: MIT */
#include "libtx/record/record.h"

#include <string.h>

#include "libtx/base/buf.h"

/* What a character may stand for. */
enum { IN_EVENT = 1, IN_FIELD = 2, BEGINS_FIELD = 4 };

#define LOWER (IN_EVENT | IN_FIELD | BEGINS_FIELD)
#define UPPER (IN_FIELD | BEGINS_FIELD)
#define OTHER (IN_EVENT | IN_FIELD)

static const uint8_t uses[256] = {
    ['a'] = LOWER, ['b'] = LOWER, ['c'] = LOWER, ['d'] = LOWER, ['e'] = LOWER, ['f'] = LOWER,
    ['g'] = LOWER, ['h'] = LOWER, ['i'] = LOWER, ['j'] = LOWER, ['k'] = LOWER, ['l'] = LOWER,
    ['m'] = LOWER, ['n'] = LOWER, ['o'] = LOWER, ['p'] = LOWER, ['q'] = LOWER, ['r'] = LOWER,
    ['s'] = LOWER, ['t'] = LOWER, ['u'] = LOWER, ['v'] = LOWER, ['w'] = LOWER, ['x'] = LOWER,
    ['y'] = LOWER, ['z'] = LOWER, ['A'] = UPPER, ['B'] = UPPER, ['C'] = UPPER, ['D'] = UPPER,
    ['E'] = UPPER, ['F'] = UPPER, ['G'] = UPPER, ['H'] = UPPER, ['I'] = UPPER, ['J'] = UPPER,
    ['K'] = UPPER, ['L'] = UPPER, ['M'] = UPPER, ['N'] = UPPER, ['O'] = UPPER, ['P'] = UPPER,
    ['Q'] = UPPER, ['R'] = UPPER, ['S'] = UPPER, ['T'] = UPPER, ['U'] = UPPER, ['V'] = UPPER,
    ['W'] = UPPER, ['X'] = UPPER, ['Y'] = UPPER, ['Z'] = UPPER, ['0'] = OTHER, ['1'] = OTHER,
    ['2'] = OTHER, ['3'] = OTHER, ['4'] = OTHER, ['5'] = OTHER, ['6'] = OTHER, ['7'] = OTHER,
    ['8'] = OTHER, ['9'] = OTHER, ['.'] = OTHER, ['-'] = OTHER, ['_'] = LOWER,
};

static bool all_are(struct tx_text text, uint8_t use) {
    uint8_t common = use;
    for (size_t i = 0; i < text.n; i++)
        common &= uses[(uint8_t)text.p[i]];
    return common;
}

static size_t length_of(const char *name, uint8_t use, size_t most) {
    size_t n = 0;
    while (n <= most && uses[(uint8_t)name[n]] & use)
        n++;
    return name[n] == '\0' && n <= most ? n : 0;
}

size_t tx_event_name_length(const char *name) {
    return length_of(name, IN_EVENT, TX_LIMIT_EVENT_BYTES);
}

size_t tx_field_name_length(const char *name) {
    return uses[(uint8_t)name[0]] & BEGINS_FIELD ? length_of(name, IN_FIELD, TX_LIMIT_NAME_BYTES)
                                                 : 0;
}

bool tx_event_name_valid(struct tx_text name) {
    return name.n >= 1 && name.n <= TX_LIMIT_EVENT_BYTES && all_are(name, IN_EVENT);
}

bool tx_event_name_reserved(struct tx_text name) {
    return tx_text_starts(name, TX_TEXT("tracex."));
}

bool tx_field_name_valid(struct tx_text name) {
    return name.n >= 1 && name.n <= TX_LIMIT_NAME_BYTES &&
           uses[(uint8_t)name.p[0]] & BEGINS_FIELD && all_are(name, IN_FIELD);
}

static const char *const outcome_names[TX_OUTCOME_N] = {
    [TX_OUTCOME_SUCCESS] = "success",
    [TX_OUTCOME_FAILURE] = "failure",
    [TX_OUTCOME_DENIED] = "denied",
    [TX_OUTCOME_UNKNOWN] = "unknown",
};

static const char *const severity_names[TX_SEVERITY_N] = {
    [TX_SEVERITY_EMERGENCY] = "emergency", [TX_SEVERITY_ALERT] = "alert",
    [TX_SEVERITY_CRITICAL] = "critical",   [TX_SEVERITY_ERROR] = "error",
    [TX_SEVERITY_WARNING] = "warning",     [TX_SEVERITY_NOTICE] = "notice",
    [TX_SEVERITY_INFO] = "info",           [TX_SEVERITY_DEBUG] = "debug",
};

const char *tx_outcome_name(enum tx_record_outcome outcome) {
    return (unsigned)outcome < TX_OUTCOME_N ? outcome_names[outcome] : "unknown";
}

const char *tx_severity_name(enum tx_record_severity severity) {
    return (unsigned)severity < TX_SEVERITY_N ? severity_names[severity] : "info";
}

void tx_uuid7_make(int64_t unix_ns, const uint8_t random[10], uint8_t ret[16]) {
    uint64_t ms = unix_ns > 0 ? (uint64_t)unix_ns / 1000000 : 0;

    for (size_t i = 0; i < 6; i++)
        ret[i] = (uint8_t)(ms >> (40 - 8 * i));
    memcpy(ret + 6, random, 10);
    ret[6] = (uint8_t)((ret[6] & 0x0f) | 0x70);
    ret[8] = (uint8_t)((ret[8] & 0x3f) | 0x80);
}

void tx_uuid_render(const uint8_t id[16], char ret[37]) {
    struct tx_buf b = tx_buf_of(ret, 37);
    tx_buf_uuid(&b, id);
    tx_buf_char(&b, '\0');
}
