/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/crypto/secret.h"
#include "libtx/mask/action/action-parts.h"
#include "libtx/mask/action/decimal.h"
#include "libtx/record/number.h"

/*
 * A number becomes the bucket that it is in: [from,to), with (-inf,to) and [from,inf) below the
 * first edge and above the last. One that this action would write stays.
 */

#define BUCKET_BYTES 96

struct bucket {
    bool has_low, has_high;
    tx_int128 low, high;
};

/* Of a number in the configuration, as it is written there. */
static bool parse_double(double v, tx_int128 *ret) {
    char text[TX_NUMBER_F64_BYTES];
    struct tx_buf b = tx_buf_of(text, sizeof(text));
    struct tx_decimal d;
    tx_buf_f64(&b, v);
    if (b.full || !tx_decimal_parse((struct tx_text){text, b.len}, &d) || d.more)
        return false;
    *ret = d.v;
    return true;
}

static bool find_by_width(tx_int128 v, double width, struct bucket *ret) {
    tx_int128 w;
    if (!parse_double(width, &w) || w <= 0)
        return false;
    tx_int128 n = v / w - (v % w < 0);
    *ret = (struct bucket){.has_low = true, .has_high = true, .low = n * w, .high = (n + 1) * w};
    return true;
}

/* The edges are ascending. */
static bool find_by_edges(tx_int128 v, const double *edges, size_t n_edges, struct bucket *ret) {
    struct bucket bucket = {.has_low = false};
    size_t from = 0, to = n_edges; /* the first edge above v is in [from, to] */
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        tx_int128 edge;
        if (!parse_double(edges[middle], &edge))
            return false;
        if (edge > v) {
            to = middle;
            bucket.has_high = true;
            bucket.high = edge;
        } else {
            from = middle + 1;
            bucket.has_low = true;
            bucket.low = edge;
        }
    }
    *ret = bucket;
    return true;
}

static bool find_bucket(tx_int128 v, const struct tx_masking_action *action, struct bucket *ret) {
    return action->bucket.n_edges > 0
               ? find_by_edges(v, action->bucket.edges, action->bucket.n_edges, ret)
               : find_by_width(v, action->bucket.width, ret);
}

static void put_bucket(const struct bucket *bucket, struct tx_buf *out) {
    if (bucket->has_low) {
        tx_buf_char(out, '[');
        tx_decimal_put(bucket->low, out);
    } else {
        tx_buf_str(out, "(-inf");
    }
    tx_buf_char(out, ',');
    if (bucket->has_high)
        tx_decimal_put(bucket->high, out);
    else
        tx_buf_str(out, "inf");
    tx_buf_char(out, ')');
}

/* A number in the bucket that is written there, if one is. */
static bool parse_bucket(struct tx_text text, tx_int128 *ret) {
    struct tx_decimal d;
    const char *comma = text.n > 2 ? memchr(text.p, ',', text.n) : NULL;
    if (!comma || text.p[text.n - 1] != ')')
        return false;
    struct tx_text low = {text.p + 1, (size_t)(comma - text.p) - 1};
    if (text.p[0] == '(' && tx_text_equal(low, TX_TEXT("-inf"))) {
        struct tx_text high = {comma + 1, text.n - low.n - 3};
        if (!tx_decimal_parse(high, &d))
            return false;
        *ret = d.v - 1;
        return true;
    }
    if (text.p[0] != '[' || !tx_decimal_parse(low, &d))
        return false;
    *ret = d.v;
    return true;
}

struct number {
    struct tx_decimal decimal;
    tx_int128 v;
    bool is_bucket;
};

static bool parse(struct tx_text text, struct number *ret) {
    *ret = (struct number){.is_bucket = false};
    if (tx_decimal_parse(text, &ret->decimal)) {
        ret->v = tx_decimal_floor(&ret->decimal);
        return true;
    }
    ret->is_bucket = true;
    return parse_bucket(text, &ret->v);
}

/* Of the number that the text is, or of the bucket that is written there. */
static int replace(const struct tx_masking_action *action, struct tx_text text,
                   const struct number *number, struct tx_buf *out) {
    char memory[BUCKET_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct bucket bucket;

    if (!find_bucket(number->v, action, &bucket))
        return TX_ACTION_E_SHOWS;
    put_bucket(&bucket, &b);
    if (number->is_bucket && !tx_text_equal(text, (struct tx_text){memory, b.len}))
        return TX_ACTION_E_SHOWS;
    tx_buf_put(out, memory, b.len);
    return 0;
}

int tx_action_bucket(struct tx_action_tools *tools, const struct tx_masking_action *action,
                     const struct tx_action_subject *subject, struct tx_buf *out) {
    struct number number;

    (void)tools;
    int r = parse(subject->text, &number) ? replace(action, subject->text, &number, out)
                                          : TX_ACTION_E_SHOWS;
    tx_wipe(&number, sizeof(number));
    return r;
}
