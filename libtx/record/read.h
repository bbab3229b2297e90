/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_READ_H
#define TX_RECORD_READ_H

/*
 * Reading a record's line, by jansson, for tools and sinks; a library of its own (record_read_dep),
 * since applications' library must not link jansson. It takes any line of docs/format.md section 4,
 * also with integers past 2^63 - 1 and doubles past a double's range: numbers and nested values are
 * never converted, only pointed at. The line may be tampered with; what is read is checked UTF-8.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"

enum tx_read_type {
    TX_READ_STRING,
    TX_READ_NUMBER,
    TX_READ_BOOL,
    TX_READ_NULL,
    TX_READ_NESTED, /* an array; or an object within source, data or the like */
    TX_READ_OBJECT, /* an object of the line itself: tx_read_object */
};

struct tx_read_value {
    enum tx_read_type type;
    struct tx_text raw;  /* as it stands in the line; borrowed from it */
    struct tx_text text; /* a string unescaped (it may hold NUL and any other character); for other
                            types the same as raw */
};

struct tx_read_member {
    struct tx_text name; /* unescaped */
    struct tx_read_value value;
};

struct tx_read_object {
    size_t n_members;
    const struct tx_read_member *members; /* in the line's order */
};

struct tx_read;

/* Once per process, before it gives up its right to open files: jansson takes its hash seed from
 * the system. Optional elsewhere. */
void tx_read_prepare(void);

/* `line` is without newline and must outlive *ret. -EBADMSG when it is not one JSON object with
 * distinct keys in valid UTF-8, nested at most TX_LIMIT_JSON_DEPTH deep; -EMSGSIZE past
 * TX_LIMIT_LINE_BYTES. */
TX_MUST_USE int tx_read_new(struct tx_text line, struct tx_read **ret);
void tx_read_free(struct tx_read *read);
TX_DEFINE_CLEANUP(struct tx_read *, tx_read_free);

/* The line's own members; borrowed from `read`. */
struct tx_read_object tx_read_top(const struct tx_read *read);

/* The object `name` of the line ("source", "data", "masked"); empty when there is none. */
struct tx_read_object tx_read_object(const struct tx_read *read, const char *name);

/* NULL when there is none. Borrowed from `read`. */
const struct tx_read_value *tx_read_find(struct tx_read_object object, struct tx_text name);

/* The string `name` of an object; p == NULL when it is not there or no string. */
struct tx_text tx_read_string(struct tx_read_object object, const char *name);

/* The whole number `name`. -ENOENT when it is not there, -EBADMSG when it is no whole number of
 * that range. */
TX_MUST_USE int tx_read_u64(struct tx_read_object object, const char *name, uint64_t *ret);

#endif
