/* SPDX-License-Identifier: MIT */
#include "libtx/record/record.h"

#include <string.h>

static bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_punctuation(char c) {
    return c == '.' || c == '_' || c == '-';
}

bool tx_event_name_valid(struct tx_text name) {
    if (name.n < 1 || name.n > TX_LIMIT_EVENT_BYTES)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!is_lower_or_digit(name.p[i]) && !is_punctuation(name.p[i]))
            return false;
    return true;
}

bool tx_event_name_reserved(struct tx_text name) {
    return tx_text_starts(name, TX_TEXT("tracex."));
}

bool tx_field_name_valid(struct tx_text name) {
    if (name.n < 1 || name.n > TX_LIMIT_NAME_BYTES)
        return false;
    char first = name.p[0];
    if (!is_upper(first) && !(first >= 'a' && first <= 'z') && first != '_')
        return false;
    for (size_t i = 1; i < name.n; i++) {
        char c = name.p[i];
        if (!is_lower_or_digit(c) && !is_upper(c) && !is_punctuation(c))
            return false;
    }
    return true;
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
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *ret++ = '-';
        *ret++ = hex[id[i] >> 4];
        *ret++ = hex[id[i] & 15];
    }
    *ret = '\0';
}
