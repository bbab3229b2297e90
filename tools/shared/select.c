/* SPDX-License-Identifier: MIT */
#include "tools/shared/select.h"

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

static bool has_value(struct tx_read_object object, struct tx_text name, struct tx_text value) {
    const struct tx_read_value *found = tx_read_find(object, name);
    return found && found->type != TX_READ_OBJECT && tx_text_equal(found->text, value);
}

/* "data.x" and "source.x" name their object; a bare name is looked for everywhere. */
static bool fits_term(const struct tx_select_term *term, const struct tx_read *record) {
    static const char *const objects[] = {"source", "data"};
    if (has_value(tx_read_top(record), term->name, term->value))
        return true;
    for (size_t i = 0; i < TX_COUNT_OF(objects); i++) {
        struct tx_read_object object = tx_read_object(record, objects[i]);
        size_t n = strlen(objects[i]);
        struct tx_text name = term->name;
        if (has_value(object, name, term->value))
            return true;
        if (name.n <= n || memcmp(name.p, objects[i], n) != 0 || name.p[n] != '.')
            continue;
        name = (struct tx_text){.p = name.p + n + 1, .n = name.n - n - 1};
        if (has_value(object, name, term->value))
            return true;
    }
    return false;
}

/* Terms of one field are alternatives, as journalctl has it. */
static bool fits_field(const struct tx_select *select, struct tx_text name,
                       const struct tx_read *record) {
    for (size_t i = 0; i < select->n_terms; i++)
        if (tx_text_equal(select->terms[i].name, name) && fits_term(&select->terms[i], record))
            return true;
    return false;
}

bool tx_select_fits(const struct tx_select *select, const struct tx_read *record) {
    if (!fits_time(select, record))
        return false;
    for (size_t i = 0; i < select->n_terms; i++)
        if (!fits_field(select, select->terms[i].name, record))
            return false;
    return true;
}
