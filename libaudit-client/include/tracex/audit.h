/* SPDX-License-Identifier: MIT */
#ifndef TRACEX_AUDIT_H
#define TRACEX_AUDIT_H

/*
 * Audit logging: say what happened, and the daemon (tracex-auditd) makes it a record that nobody
 * can change without being found out. C11 and C++17; link with `pkg-config --libs tracex`.
 *
 *     tx_audit_log("payment.refund", TX_SUCCESS,
 *                  TX_STR("actor.id", user), TX_STR("card", pan), TX_I64("amount_cents", 4200));
 *
 * Every function returns 0 or -errno, keeps errno, never aborts, raises no signal, and may be
 * called by any thread. None is async-signal-safe: within a signal handler that interrupted one of
 * them it returns -EDEADLK. After fork() the child is a client of its own. See docs/client.md.
 *
 * A name of an event is 1 to 128 of a-z 0-9 . _ - and does not begin "tracex."; a name of a field
 * begins with a letter or _ and has at most 128 of A-Z a-z 0-9 _ . -
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TX_PUBLIC_ __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

enum tx_outcome { TX_SUCCESS, TX_FAILURE, TX_DENIED, TX_UNKNOWN };

enum tx_severity {
    TX_SEV_DEFAULT, /* info */
    TX_SEV_DEBUG,
    TX_SEV_INFO,
    TX_SEV_NOTICE,
    TX_SEV_WARNING,
    TX_SEV_ERROR,
    TX_SEV_CRITICAL,
    TX_SEV_ALERT,
    TX_SEV_EMERGENCY,
};

enum tx_durability {
    TX_QUEUED,  /* the kernel has it when the call returns */
    TX_DURABLE, /* it is on disk and in the tree when the call returns */
    /* Weaker: it may wait in this process for a millisecond, and is lost without a trace when the
     * process is killed, ends by _exit() or becomes another program in that time. A thread of the
     * library's sends it; docs/client.md. */
    TX_BUFFERED,
};

/* --- fields --- */

enum tx_kv_type {
    TX_KV_END, /* the end of a list */
    TX_KV_STR,
    TX_KV_BYTES,
    TX_KV_I64,
    TX_KV_U64,
    TX_KV_F64,
    TX_KV_BOOL, /* value.u64: 0 or 1 */
    TX_KV_JSON,
};

enum tx_kv_label { TX_KV_PLAIN, TX_KV_PII, TX_KV_SECRET };

/* One field. Its pointers need to live until the call that it is given to returns. */
struct tx_kv {
    const char *name;
    enum tx_kv_type type;
    enum tx_kv_label label;
    size_t size; /* of STR, BYTES, JSON, in bytes */
    union {
        const void *p; /* STR, BYTES, JSON; NULL is JSON's null */
        int64_t i64;
        uint64_t u64;
        double f64;
    } value;
};

/* --- records --- */

/* Proof of a durable record: its place in the log, its leaf hash, and its id. */
struct tx_receipt {
    uint64_t seq;
    uint8_t leaf[32];
    char id[37];
};

/* `size` is sizeof(struct tx_event); members that an older program does not know are as if 0. */
struct tx_event {
    size_t size;
    const char *name;
    enum tx_outcome outcome;
    enum tx_severity severity;
    const char *message;           /* for people, or NULL */
    const char *correlation_id;    /* at most 256 bytes, or NULL */
    const uint8_t *trace_id;       /* 16 bytes of W3C Trace Context, or NULL */
    const uint8_t *span_id;        /* 8 bytes; NULL exactly when trace_id is */
    const uint8_t *parent_span_id; /* 8 bytes, or NULL */
    const struct tx_kv *fields;
    size_t n_fields; /* at most so many, or fewer up to a TX_KV_END; SIZE_MAX: up to that */
    enum tx_durability durability;
    struct tx_receipt *ret_receipt; /* TX_DURABLE: filled when the call returns 0; or NULL */
    int64_t time_ns; /* when it was, or began: ns since 1970 (CLOCK_REALTIME); 0: now */
};

#define TX_EVENT_INIT                                                                              \
    {                                                                                              \
        sizeof(struct tx_event), NULL, TX_SUCCESS, TX_SEV_DEFAULT, NULL, NULL, NULL, NULL, NULL,   \
            NULL, 0, TX_QUEUED, NULL, 0                                                            \
    }

/*
 * Logs one record; the one function under the macros, for other languages too.
 *
 * The call was wrong; nothing is lost:
 * -EINVAL     a name that is missing or not allowed; a type, label, outcome or such that is none; a
 *             time before 1970
 * -EEXIST     the name of a field stands twice
 * -EPERM      an event name that begins "tracex."
 * -E2BIG      more than 1024 fields; or a newer struct tx_event than this library knows
 * -EMSGSIZE   more than 128 KiB of fields
 *
 * The record is lost and counted; the loss becomes a record once the daemon is there again:
 * -ENOTCONN   there is no daemon; it is looked for again after 100 ms, at last every 2 s
 * -EAGAIN     the daemon did not take it within options.block_ms
 *
 * With TX_DURABLE, or where the daemon's configuration demands as much of such events, also:
 * -ETIMEDOUT  not durable within options.durable_ms; it may still become so
 * -ENODATA    durable, but the receipt did not come
 * -ECANCELED  another thread called tx_close(); it may still become durable
 * and what the daemon refused it for.
 */
TX_PUBLIC_ int tx_audit_emit(const struct tx_event *event);

/* --- receipts that are kept --- */

/* A receipt as one line of text, with a newline and a NUL: kept where the log is not, it lets
 * `tracex-auditverify --receipt FILE` tell later whether the record is still what it was. */
#define TX_RECEIPT_TEXT_SIZE 176

/* -EINVAL for what is no receipt of a call that returned 0; -ENOSPC. */
TX_PUBLIC_ int tx_receipt_render(const struct tx_receipt *receipt, char *ret_text, size_t n_text);

/* Reads such a line, with or without its newline. -EBADMSG: it is none, or some character of it was
 * changed; *ret_at (may be NULL) is where, in bytes from 0. */
TX_PUBLIC_ int tx_receipt_parse(const char *text, struct tx_receipt *ret_receipt, size_t *ret_at);

/* --- the rest --- */

/* Everything that this process has logged is durable. Negative: without limit. -ETIMEDOUT. */
TX_PUBLIC_ int tx_flush(int timeout_ms);

/* Closes the connection and wipes what the library keeps. It does not wait: what was queued is with
 * the kernel. -EAGAIN when it lost records that a daemon that is gone, or a full socket, had not
 * taken (tx_flush comes first, if that matters). The next call of any other function begins anew,
 * with the defaults. */
TX_PUBLIC_ int tx_close(void);

/* --- options and figures --- */

enum tx_when_full {
    TX_FULL_FAIL, /* -EAGAIN, -ENOTCONN */
    TX_FULL_DROP, /* 0, but for TX_DURABLE; the loss is counted and recorded all the same */
};

/* What the daemon's configuration says of classes of events comes before block_ms, durable_ms and
 * when_full (docs/client.md). 0 (NULL) stands for the default. Times in milliseconds; -1: do not
 * wait (but for connecting). */
struct tx_options {
    size_t size;             /* sizeof(struct tx_options) */
    const char *socket_path; /* default: $TRACEX_SOCKET, or /run/tracex/audit.sock */
    int connect_ms;          /* at most so long in connecting; default 100 */
    int block_ms;            /* at most so long when the daemon does not keep up; default 100 */
    int durable_ms;          /* default 5000 */
    enum tx_when_full when_full;
    size_t resend_bytes;     /* for what is not acknowledged; 256 KiB to 1 GiB, default 1 MiB */
    size_t trace_ring_bytes; /* of each thread that traces; 256 KiB to 64 MiB, a power of two or the
                                next one; default $TRACEX_TRACE_RING_BYTES, or 1 MiB */
};

#define TX_OPTIONS_INIT                                                                            \
    { sizeof(struct tx_options), NULL, 0, 0, 0, TX_FULL_FAIL, 0, 0 }

/* For who wants other than the defaults: before the first record, or after tx_close(). NULL: the
 * defaults. Connects; -ENOTCONN when there is no daemon yet, and the options hold all the same.
 * -EALREADY when this process has logged before; -EINVAL, -E2BIG, -ENAMETOOLONG. */
TX_PUBLIC_ int tx_open(const struct tx_options *options);

/* Of this process, since its start or its fork. */
struct tx_stats {
    size_t size;       /* set it to sizeof(struct tx_stats) before the call */
    uint64_t logged;   /* records that the kernel took */
    uint64_t lost;     /* records that could not be delivered */
    uint64_t refused;  /* calls that were wrong */
    uint64_t rejected; /* records that the daemon refused */
    uint64_t pending;  /* records that are logged and not acknowledged */
    uint64_t connects; /* connections that were made */
    int connected;     /* 1: there is one now */
    int connect_error; /* why the last attempt failed, as a positive errno; 0: it did not */
    /* Of the trace lane, which the others do not count: */
    uint64_t trace_logged;  /* events that were recorded */
    uint64_t trace_lost;    /* that had no room, or that the daemon refused */
    uint64_t trace_refused; /* calls that were wrong */
};

/* In C++ the function hides the struct's constructor, as with stat(2); that is meant. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
TX_PUBLIC_ int tx_stats(struct tx_stats *ret_stats);
#pragma GCC diagnostic pop

/* --- how fields are made --- */

static inline struct tx_kv tx_kv_number_(const char *name, enum tx_kv_type type) {
    struct tx_kv kv;
    kv.name = name;
    kv.type = type;
    kv.label = TX_KV_PLAIN;
    kv.size = 0;
    kv.value.u64 = 0;
    return kv;
}

static inline struct tx_kv tx_kv_end(void) {
    return tx_kv_number_(NULL, TX_KV_END);
}

static inline struct tx_kv tx_kv_i64(const char *name, int64_t v) {
    struct tx_kv kv = tx_kv_number_(name, TX_KV_I64);
    kv.value.i64 = v;
    return kv;
}

static inline struct tx_kv tx_kv_u64(const char *name, uint64_t v) {
    struct tx_kv kv = tx_kv_number_(name, TX_KV_U64);
    kv.value.u64 = v;
    return kv;
}

static inline struct tx_kv tx_kv_f64(const char *name, double v) {
    struct tx_kv kv = tx_kv_number_(name, TX_KV_F64);
    kv.value.f64 = v;
    return kv;
}

static inline struct tx_kv tx_kv_bool(const char *name, bool v) {
    struct tx_kv kv = tx_kv_number_(name, TX_KV_BOOL);
    kv.value.u64 = v ? 1 : 0;
    return kv;
}

static inline struct tx_kv tx_kv_sized_(const char *name, enum tx_kv_type type, const void *p,
                                        size_t n) {
    struct tx_kv kv = tx_kv_number_(name, type);
    kv.value.p = p;
    kv.size = n;
    return kv;
}

static inline struct tx_kv tx_kv_bytes(const char *name, const void *p, size_t n) {
    return tx_kv_sized_(name, TX_KV_BYTES, p, n);
}

static inline struct tx_kv tx_kv_str(const char *name, const char *text) {
    return tx_kv_sized_(name, TX_KV_STR, text, text ? strlen(text) : 0);
}

/* A text that has no NUL at its end. */
static inline struct tx_kv tx_kv_strn(const char *name, const char *text, size_t n) {
    return tx_kv_sized_(name, TX_KV_STR, text, n);
}

static inline struct tx_kv tx_kv_json(const char *name, const char *text) {
    return tx_kv_sized_(name, TX_KV_JSON, text, text ? strlen(text) : 0);
}

static inline struct tx_kv tx_kv_label(struct tx_kv kv, enum tx_kv_label label) {
    kv.label = label;
    return kv;
}

#define TX_STR(name, text) tx_kv_str(name, text)
#define TX_STRN(name, text, n) tx_kv_strn(name, text, n)
#define TX_BYTES(name, p, n) tx_kv_bytes(name, p, n)
#define TX_I64(name, v) tx_kv_i64(name, v)
#define TX_U64(name, v) tx_kv_u64(name, v)
#define TX_F64(name, v) tx_kv_f64(name, v)
#define TX_BOOL(name, v) tx_kv_bool(name, v)
#define TX_JSON(name, text) tx_kv_json(name, text)

/* What a field holds: personal data, or a secret. Masking rules go by it. */
#define TX_PII(field) tx_kv_label(field, TX_KV_PII)
#define TX_SECRET(field) tx_kv_label(field, TX_KV_SECRET)

static inline int tx_audit_log_list(const char *event, enum tx_outcome outcome,
                                    const struct tx_kv *fields) {
    struct tx_event e = TX_EVENT_INIT;
    e.name = event;
    e.outcome = outcome;
    e.fields = fields;
    e.n_fields = SIZE_MAX;
    return tx_audit_emit(&e);
}

static inline int tx_audit_log_buffered_list(const char *event, enum tx_outcome outcome,
                                             const struct tx_kv *fields) {
    struct tx_event e = TX_EVENT_INIT;
    e.name = event;
    e.outcome = outcome;
    e.fields = fields;
    e.n_fields = SIZE_MAX;
    e.durability = TX_BUFFERED;
    return tx_audit_emit(&e);
}

static inline int tx_audit_log_durable_list(const char *event, enum tx_outcome outcome,
                                            struct tx_receipt *ret_receipt,
                                            const struct tx_kv *fields) {
    struct tx_event e = TX_EVENT_INIT;
    e.name = event;
    e.outcome = outcome;
    e.fields = fields;
    e.n_fields = SIZE_MAX;
    e.durability = TX_DURABLE;
    e.ret_receipt = ret_receipt;
    return tx_audit_emit(&e);
}

#ifdef __cplusplus
} /* extern "C" */
#include <tracex/audit-cpp.h>
#else

/* TX_KV(name, value): by the value's type. In C, `a == b` is an int: a truth value wants TX_BOOL.
 */
#define TX_KV(name, v)                                                                             \
    _Generic((v),                                                                                  \
        bool: tx_kv_bool,                                                                          \
        char: tx_kv_i64,                                                                           \
        signed char: tx_kv_i64,                                                                    \
        short: tx_kv_i64,                                                                          \
        int: tx_kv_i64,                                                                            \
        long: tx_kv_i64,                                                                           \
        long long: tx_kv_i64,                                                                      \
        unsigned char: tx_kv_u64,                                                                  \
        unsigned short: tx_kv_u64,                                                                 \
        unsigned int: tx_kv_u64,                                                                   \
        unsigned long: tx_kv_u64,                                                                  \
        unsigned long long: tx_kv_u64,                                                             \
        float: tx_kv_f64,                                                                          \
        double: tx_kv_f64,                                                                         \
        char *: tx_kv_str,                                                                         \
        const char *: tx_kv_str)(name, v)

/* int tx_audit_log(const char *event, enum tx_outcome outcome, fields…) */
#define tx_audit_log(...) tx_audit_log_(__VA_ARGS__, tx_kv_end())
#define tx_audit_log_(event, outcome, ...)                                                         \
    tx_audit_log_list(event, outcome, (const struct tx_kv[]){__VA_ARGS__})

/* int tx_audit_log_buffered(const char *event, enum tx_outcome outcome, fields…): TX_BUFFERED */
#define tx_audit_log_buffered(...) tx_audit_log_buffered_(__VA_ARGS__, tx_kv_end())
#define tx_audit_log_buffered_(event, outcome, ...)                                                \
    tx_audit_log_buffered_list(event, outcome, (const struct tx_kv[]){__VA_ARGS__})

/* int tx_audit_log_durable(const char *event, enum tx_outcome outcome,
 *                          struct tx_receipt *ret_receipt or NULL, fields…)
 * Returns when the record is on disk and in the tree. */
#define tx_audit_log_durable(...) tx_audit_log_durable_(__VA_ARGS__, tx_kv_end())
#define tx_audit_log_durable_(event, outcome, ret_receipt, ...)                                    \
    tx_audit_log_durable_list(event, outcome, ret_receipt, (const struct tx_kv[]){__VA_ARGS__})

#endif
#endif
