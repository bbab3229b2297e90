/* SPDX-License-Identifier: MIT */
#include "libtx/conf/value.h"

#include <string.h>

#include "libtx/base/text.h"

struct unit {
    const char *name;
    uint64_t factor;
};

/* From large to small, so that the first one that divides is the one to write. */
static const struct unit size_units[] = {
    {"GiB", UINT64_C(1) << 30},
    {"MiB", UINT64_C(1) << 20},
    {"KiB", UINT64_C(1) << 10},
    {"GB", 1000000000},
    {"MB", 1000000},
    {"kB", 1000},
    {"B", 1},
};
static const struct unit time_units[] = {
    {"d", UINT64_C(86400000000000)},
    {"h", UINT64_C(3600000000000)},
    {"min", UINT64_C(60000000000)},
    {"s", UINT64_C(1000000000)},
    {"ms", 1000000},
    {"us", 1000},
    {"ns", 1},
};

int tx_conf_value_count(const char *text, uint64_t *ret) {
    int r = tx_dec_decode((struct tx_text){text, strlen(text)}, ret);
    return r == -EBADMSG ? -EINVAL : r;
}

static int with_unit(const char *text, const struct unit *units, size_t n_units, uint64_t *ret) {
    size_t digits = strspn(text, "0123456789");
    uint64_t number, product;

    int r = tx_dec_decode((struct tx_text){text, digits}, &number);
    if (r < 0)
        return r == -EBADMSG ? -EINVAL : r;
    for (size_t i = 0; i < n_units; i++) {
        if (strcmp(text + digits, units[i].name) != 0)
            continue;
        if (__builtin_mul_overflow(number, units[i].factor, &product))
            return -ERANGE;
        *ret = product;
        return 0;
    }
    return -EINVAL;
}

int tx_conf_value_size(const char *text, uint64_t *ret_bytes) {
    return with_unit(text, size_units, TX_COUNT_OF(size_units), ret_bytes);
}

int tx_conf_value_space(const char *text, uint64_t *ret) {
    size_t n = strlen(text);
    uint64_t v;
    if (n == 0 || text[n - 1] != '%') {
        int r = tx_conf_value_size(text, &v);
        if (r == 0 && v & TX_CONF_SHARE)
            r = -ERANGE;
        if (r == 0)
            *ret = v;
        return r;
    }
    int r = tx_dec_decode((struct tx_text){text, n - 1}, &v);
    if (r < 0)
        return r == -EBADMSG ? -EINVAL : r;
    if (v > 100)
        return -ERANGE;
    *ret = TX_CONF_SHARE | v;
    return 0;
}

int tx_conf_value_time(const char *text, int64_t *ret_ns) {
    uint64_t ns;
    int r = with_unit(text, time_units, TX_COUNT_OF(time_units), &ns);
    if (r < 0)
        return r;
    if (ns > INT64_MAX)
        return -ERANGE;
    *ret_ns = (int64_t)ns;
    return 0;
}

int tx_conf_value_bool(const char *text, bool *ret) {
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0)
        return -EINVAL;
    *ret = yes;
    return 0;
}

int tx_conf_value_mode(const char *text, uint32_t *ret) {
    size_t n = strspn(text, "01234567");
    uint32_t mode = 0;
    if (text[n] || n < 3 || n > 4 || (n == 4 && text[0] != '0'))
        return -EINVAL;
    for (; *text; text++)
        mode = mode << 3 | (uint32_t)(*text - '0');
    *ret = mode;
    return 0;
}

static void put(struct tx_buf *b, uint64_t v, const struct unit *units, size_t n_units) {
    const struct unit *unit = &units[n_units - 1];
    for (size_t i = 0; v > 0 && i < n_units; i++)
        if (v % units[i].factor == 0) {
            unit = &units[i];
            break;
        }
    tx_buf_dec(b, v / unit->factor);
    tx_buf_str(b, unit->name);
}

void tx_conf_value_put_size(struct tx_buf *b, uint64_t bytes) {
    put(b, bytes, size_units, TX_COUNT_OF(size_units));
}

void tx_conf_value_put_space(struct tx_buf *b, uint64_t space) {
    if (!(space & TX_CONF_SHARE)) {
        tx_conf_value_put_size(b, space);
        return;
    }
    tx_buf_dec(b, space & ~TX_CONF_SHARE);
    tx_buf_char(b, '%');
}

void tx_conf_value_put_time(struct tx_buf *b, int64_t ns) {
    put(b, (uint64_t)ns, time_units, TX_COUNT_OF(time_units));
}
