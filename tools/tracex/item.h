/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_ITEM_H
#define TX_TRACEX_ITEM_H

/*
 * One record as what traces are made of: what ran when and for how long, in which process, within
 * what. The names of fields are those of docs/events.md. It borrows from the record that it was
 * read from, believes nothing of it, and knows no other record.
 */

#include <stdbool.h>

#include "libtx/record/read.h"

enum tx_item_kind {
    TX_ITEM_FUNCTION, /* function.call */
    TX_ITEM_SPAN,     /* span */
    TX_ITEM_FILE,     /* file.* */
    TX_ITEM_ML,       /* ml.* */
    TX_ITEM_LOSS,     /* tracex.lost */
    TX_ITEM_OTHER,
};

struct tx_item {
    const struct tx_read *read; /* borrowed */
    enum tx_item_kind kind;
    struct tx_text event;
    struct tx_text name;    /* of the function, of the span; else the event's */
    struct tx_text process; /* comm; p == NULL: not known */
    int64_t time;           /* when it began, ns since 1970 */
    bool has_duration;
    uint64_t duration; /* ns */
    uint64_t pid;      /* 0: not known */
    uint64_t thread;   /* the same */
    bool failed;
    bool is_span;    /* span_id is its own, else that of what it happened in */
    bool has_parent; /* parent_span_id, of a span */
    bool has_trace;
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t parent_span_id[8];
};

/* TX_ITEM_E_NONE for a record without an event or a time (one of the daemon's has none). What else
 * is missing, or is not what it should be, is as if it were not there. */
enum { TX_ITEM_E_NONE = 1 };
TX_MUST_USE int tx_item_read(const struct tx_read *read, struct tx_item *ret);

bool tx_item_is(const struct tx_item *item, const char *event);
/* The field of `data`, as text (a string unescaped, others as they stand); p == NULL: none. */
struct tx_text tx_item_text(const struct tx_item *item, const char *name);
/* 0 when there is none, or it is no whole number. */
uint64_t tx_item_number(const struct tx_item *item, const char *name);

#endif
