/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_FINDING_H
#define TX_SEGMENT_FINDING_H

/*
 * What a verifier found, where, and how grave it is. Data only.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"

/* In the order in which they count: the gravest class of all findings is the verdict. */
enum tx_finding_class {
    TX_CLASS_NOTE,       /* worth knowing; nothing is wrong */
    TX_CLASS_INCOMPLETE, /* what is there is intact, and something is not there */
    TX_CLASS_UNDECIDED,  /* could not be read or understood */
    TX_CLASS_TRUST,      /* a wrong or unknown key */
    TX_CLASS_TAMPERED,
};

enum tx_finding_kind {
    /* TX_CLASS_TAMPERED */
    TX_FINDING_CHANGED,      /* it is not what was signed */
    TX_FINDING_MALFORMED,    /* no writer writes such a line */
    TX_FINDING_MISSING,      /* it should stand here, or stood here */
    TX_FINDING_REMOVED,      /* segments are gone, and no record says that they were to go */
    TX_FINDING_INSERTED,     /* it does not belong here */
    TX_FINDING_OUT_OF_ORDER, /* it belongs to another place */
    TX_FINDING_CUT_OFF,      /* the end of a file or of the log is gone */
    TX_FINDING_FOREIGN,      /* it is of another log */
    TX_FINDING_FORKED,       /* one size has two roots */
    TX_FINDING_SHRUNK,       /* the log was longer once */
    /* TX_CLASS_TRUST */
    TX_FINDING_WRONG_KEY,
    TX_FINDING_WRONG_EPOCH,
    TX_FINDING_BROKEN_EPOCH,
    TX_FINDING_UNKNOWN_KEY, /* nothing at hand says which key is right */
    /* TX_CLASS_UNDECIDED */
    TX_FINDING_UNREADABLE,
    TX_FINDING_UNSUPPORTED, /* a version or hash that this verifier does not know */
    /* TX_CLASS_INCOMPLETE */
    TX_FINDING_UNSIGNED_TAIL,
    TX_FINDING_MISSING_SEGMENT,
    TX_FINDING_PRUNED,
    TX_FINDING_MISSING_FILE,
    TX_FINDING_UNFINISHED, /* a file that was begun and holds nothing yet */
    /* TX_CLASS_NOTE */
    TX_FINDING_GIVEN_UP,       /* a segment whose writing was given up; the next one goes on */
    TX_FINDING_TIME_BACKWARDS, /* a checkpoint is older than the one before it */
    TX_FINDING_ACCEPTED_BREAK,
    TX_FINDING_CONTINUES,    /* the log was begun in place of another */
    TX_FINDING_SET_ASIDE,    /* a file with a torn end that was set aside after a crash */
    TX_FINDING_DUPLICATE,    /* a segment stands there plain and compressed */
    TX_FINDING_TRUSTED_COPY, /* the keys are the log's own copy */
    TX_FINDING_KINDS,
};

#define TX_NO_SEQ UINT64_MAX
#define TX_FINDING_FILE_BYTES 256
#define TX_FINDING_TEXT_BYTES 256
#define TX_FINDING_EVENT_BYTES 64

struct tx_finding {
    enum tx_finding_kind kind;
    enum tx_finding_class class; /* usually that of the kind */
    char file[TX_FINDING_FILE_BYTES];
    uint64_t line;      /* from 1; 0: the file as a whole */
    uint64_t offset;    /* of the line or, where it is known, of the byte; uncompressed */
    uint64_t first_seq; /* TX_NO_SEQ: no record */
    uint64_t last_seq;
    char event[TX_FINDING_EVENT_BYTES]; /* the record's event name; "" when not known */
    char text[TX_FINDING_TEXT_BYTES];   /* for people; printable ASCII and UTF-8 of ours only */
    bool withdrawn;
};

const char *tx_finding_name(enum tx_finding_kind kind);
enum tx_finding_class tx_finding_class(enum tx_finding_kind kind);
const char *tx_finding_class_name(enum tx_finding_class class);
/* The exit code that stands for a class: 0, 5, 4, 6, 1. */
int tx_finding_exit_code(enum tx_finding_class class);

/* As many as this are kept of each list; the rest is only counted. */
#define TX_FINDINGS_MAX 1000u

struct tx_findings {
    struct tx_finding *items; /* owned */
    size_t n;
    size_t cap;
    uint64_t n_more; /* that were counted only */
    enum tx_finding_class gravest_more;
};

/* Adds a copy; without memory or past the limit it is only counted, never forgotten. Returns the
 * stored one (borrowed until the next is added) or NULL. */
struct tx_finding *tx_findings_add(struct tx_findings *findings, const struct tx_finding *finding);
/* Moves all of `from` to the end of `to`. */
void tx_findings_move(struct tx_findings *to, struct tx_findings *from);
enum tx_finding_class tx_findings_gravest(const struct tx_findings *findings);
void tx_findings_deinit(struct tx_findings *findings);

/* The value of "event" in a record's line, when it has the form of an event name; ret is "" else.
 */
void tx_finding_take_event(struct tx_text line, char ret[TX_FINDING_EVENT_BYTES]);

#endif
