/* SPDX-License-Identifier: MIT */
#include "tools/ctl/select.h"

#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

void tx_select_init(struct tx_select *select) {
    *select = (struct tx_select){.since = INT64_MIN, .until = INT64_MAX};
}

bool tx_select_all(const struct tx_select *select) {
    return select->since == INT64_MIN && select->until == INT64_MAX && select->n_terms == 0;
}

static int ago(const char *text, int64_t now, int64_t *ret) {
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"s", SECOND}, {"min", 60 * SECOND}, {"h", 3600 * SECOND}, {"d", 86400 * SECOND}};
    size_t digits = strspn(text, "0123456789");
    uint64_t number;
    int64_t span;

    if (tx_dec_decode((struct tx_text){text, digits}, &number) < 0 || number > INT32_MAX)
        return -EINVAL;
    for (size_t i = 0; i < TX_COUNT_OF(units); i++)
        if (strcmp(text + digits, units[i].name) == 0)
            return __builtin_mul_overflow((int64_t)number, units[i].ns, &span) ||
                           __builtin_sub_overflow(now, span, ret)
                       ? -EINVAL
                       : 0;
    return -EINVAL;
}

int tx_select_time(const char *text, int64_t now, int64_t *ret) {
    if (text[0] == '-')
        return ago(text + 1, now, ret);
    if (strcmp(text, "now") == 0) {
        *ret = now;
        return 0;
    }
    if (strcmp(text, "today") == 0) {
        time_t seconds = (time_t)(now / SECOND);
        struct tm day;
        if (!localtime_r(&seconds, &day))
            return -EINVAL;
        day.tm_hour = day.tm_min = day.tm_sec = 0;
        day.tm_isdst = -1;
        *ret = (int64_t)mktime(&day) * SECOND;
        return 0;
    }
    return tx_time_decode((struct tx_text){text, strlen(text)}, ret) < 0 ? -EINVAL : 0;
}

int tx_select_add(struct tx_select *select, const char *term) {
    const char *equals = strchr(term, '=');
    if (!equals || equals == term)
        return -EINVAL;
    if (select->n_terms == TX_SELECT_TERMS_MAX)
        return -E2BIG;
    select->terms[select->n_terms++] = (struct tx_select_term){
        .name = {.p = term, .n = (size_t)(equals - term)},
        .value = {.p = equals + 1, .n = strlen(equals + 1)},
    };
    return 0;
}

static bool fits_time(const struct tx_select *select, const struct tx_read *record) {
    int64_t time;
    if (select->since == INT64_MIN && select->until == INT64_MAX)
        return true;
    struct tx_text text = tx_read_string(tx_read_top(record), "time");
    return text.p && tx_time_decode(text, &time) == 0 && time >= select->since &&
           time <= select->until;
}

static bool fits_term(const struct tx_select_term *term, const struct tx_read *record) {
    const struct tx_read_object places[] = {tx_read_top(record), tx_read_object(record, "source"),
                                            tx_read_object(record, "data")};
    for (size_t i = 0; i < TX_COUNT_OF(places); i++) {
        const struct tx_read_value *value = tx_read_find(places[i], term->name);
        if (value && value->type != TX_READ_OBJECT)
            return tx_text_equal(value->text, term->value);
    }
    return false;
}

bool tx_select_fits(const struct tx_select *select, const struct tx_read *record) {
    if (!fits_time(select, record))
        return false;
    for (size_t i = 0; i < select->n_terms; i++)
        if (!fits_term(&select->terms[i], record))
            return false;
    return true;
}
