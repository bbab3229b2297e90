/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_RECORD_H
#define TX_RECORD_RECORD_H

/*
 * An audit record in memory, as plain data: what a client said (libtx/wire decodes it), what the
 * kernel said of the client, and what masking did. Every text is borrowed from memory that outlives
 * the record. It knows no socket, no rule and no hash.
 */

#include <stdbool.h>

#include "libtx/base/limits.h"
#include "libtx/base/text.h"

enum tx_value_type {
    TX_VALUE_STR,
    TX_VALUE_BYTES,
    TX_VALUE_I64,
    TX_VALUE_U64,
    TX_VALUE_F64,
    TX_VALUE_BOOL,
    TX_VALUE_JSON,
    TX_VALUE_NULL,
    TX_VALUE_N,
};

/* What the application says that a field holds; masking rules match it. */
enum tx_value_label {
    TX_LABEL_NONE,
    TX_LABEL_PII,
    TX_LABEL_SECRET,
    TX_LABEL_N,
};

enum tx_record_outcome {
    TX_OUTCOME_SUCCESS,
    TX_OUTCOME_FAILURE,
    TX_OUTCOME_DENIED,
    TX_OUTCOME_UNKNOWN,
    TX_OUTCOME_N
};

/* syslog's numbers (RFC 5424 table 2): 0 emergency … 7 debug. */
enum tx_record_severity {
    TX_SEVERITY_EMERGENCY,
    TX_SEVERITY_ALERT,
    TX_SEVERITY_CRITICAL,
    TX_SEVERITY_ERROR,
    TX_SEVERITY_WARNING,
    TX_SEVERITY_NOTICE,
    TX_SEVERITY_INFO,
    TX_SEVERITY_DEBUG,
    TX_SEVERITY_N
};

struct tx_field {
    struct tx_text name;
    enum tx_value_type type;
    enum tx_value_label label;
    union {
        struct tx_text text; /* STR, BYTES, JSON */
        int64_t i64;
        uint64_t u64;
        double f64;
        bool boolean;
    };
    /* Set by masking: "" or the entry for `masked`, e.g. "mask:card"; NULL when nothing was done. A
     * dropped field is left out of `data` and keeps its entry. Borrowed. */
    const char *masked;
    bool dropped;
};

/* Who said it, from the kernel. comm, exe and unit have n == 0 when they are not proven. */
struct tx_source {
    uint8_t client[8]; /* H(secret ‖ uid), first 8 bytes */
    uint32_t pid;
    uint32_t uid;
    uint32_t gid;
    struct tx_text comm;
    struct tx_text exe;
    struct tx_text unit;
};

/* What masking did to the texts that are not in `fields`; NULL when nothing. Borrowed. */
struct tx_record_masked {
    const char *message;
    const char *correlation_id;
    const char *comm;
    const char *exe;
    const char *unit;
};

struct tx_record {
    uint64_t n;       /* this client's number */
    uint8_t id[16];   /* UUIDv7 */
    int64_t time;     /* the client's clock, ns since 1970 */
    int64_t received; /* ours */
    bool wants_receipt;
    enum tx_record_outcome outcome;
    enum tx_record_severity severity;
    struct tx_text event;
    struct tx_text message;        /* p == NULL: none */
    struct tx_text correlation_id; /* p == NULL: none */
    bool has_trace;                /* trace_id and span_id */
    bool has_parent;
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t parent_span_id[8];
    struct tx_source source;
    size_t n_fields;
    struct tx_field *fields; /* TX_LIMIT_FIELDS at most; owned by who made the record */

    struct tx_record_masked masked;
    const char *dropped_by; /* the entry for `masked` of a record that was dropped as a whole,
                               "drop:" and the rule or "error:" and a code; NULL otherwise */
    uint8_t policy[8];      /* first 8 bytes of the policy's SHA-256 */
};

/* 1 to 128 bytes of a-z 0-9 . _ - (docs/format.md section 4). */
bool tx_event_name_valid(struct tx_text name);
/* True for names that begin "tracex.", which are the daemon's own. */
bool tx_event_name_reserved(struct tx_text name);
/* [A-Za-z_][A-Za-z0-9_.-]{0,127} */
bool tx_field_name_valid(struct tx_text name);

/* How long a name is that ends with a NUL; 0: it is not valid. Nothing behind a character that may
 * not be in it is read. */
size_t tx_event_name_length(const char *name);
size_t tx_field_name_length(const char *name);

const char *tx_outcome_name(enum tx_record_outcome outcome);
const char *tx_severity_name(enum tx_record_severity severity);

/* UUIDv7 (RFC 9562 section 5.7) of a time and ten random bytes, of which 74 bits are used. */
void tx_uuid7_make(int64_t unix_ns, const uint8_t random[10], uint8_t ret[16]);
/* 8-4-4-4-12 lower-case hex and a NUL. */
void tx_uuid_render(const uint8_t id[16], char ret[37]);

#endif
