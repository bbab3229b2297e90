/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_LEDGER_H
#define TX_LEDGER_LEDGER_H

/*
 * tracex-ledger: bytes in, truth out. The process's one struct, and the steps that work on it.
 *
 * A line lives so: appended (in `tail`, in the tree) → written → synced, and so durable → covered
 * by a checkpoint. `tail` holds every line since the last durable checkpoint line, so that a
 * segment that fails can be given up and its tail stands again in the next one.
 *
 * Three threads. The first decides everything, one step after the other, and alone touches this
 * struct. A second one writes what the first hands to it (writer.h): large batches, while the first
 * takes the records after them (background.c). The third compresses sealed segments (compress.h).
 */

#include <stdbool.h>
#include <sys/stat.h>

#include "auditd/ipc/bodies.h"
#include "auditd/ipc/child.h"
#include "auditd/ipc/loop.h"
#include "auditd/ipc/notary.h"
#include "auditd/ledger/clients.h"
#include "auditd/ledger/pace.h"
#include "auditd/ledger/recent.h"
#include "auditd/ledger/retain.h"
#include "auditd/ledger/space.h"
#include "auditd/ledger/tip.h"
#include "auditd/ledger/writer.h"
#include "libtx/conf/conf.h"

/* What may be in memory and not yet under a checkpoint; ingest waits while it is more. */
#define TX_LEDGER_TAIL_BYTES (4u * 1024u * 1024u)

/* The mode bit of a segment that was given up: nothing is appended to it and it is never synced
 * again, not by the next process either, to which the kernel would not tell the error. */
#define TX_SEGMENT_GIVEN_UP S_ISVTX

struct tx_ledger_receipt {
    uint64_t ticket;
    uint64_t seq;
    struct tx_digest leaf;
};

/* Of a process of the daemon that ended unasked; n 0: nothing is to be told. */
#define TX_LEDGER_ENDS_MAX 8
struct tx_ledger_end {
    uint64_t n;
    bool is_appended; /* the record is to become durable, and then the supervisor hears of it */
    char process[16];
    char how[64];
};

struct tx_ledger_status {
    uint64_t n_duplicates;
    uint64_t n_refused; /* streams of ingest that were ended */
    uint64_t n_given_up;
    int64_t checkpoint_wall; /* ns; 0: none since the start */
};

struct tx_ledger {
    struct tx_conf *conf;
    const struct tx_stream *stream; /* ours: borrowed from it */
    const char *section;            /* its keys in the configuration's file begin so */
    struct tx_hasher *hasher;
    struct tx_loop *loop;
    struct tx_clients *clients;
    struct tx_recent *recent;
    int64_t evict_after;    /* boot clock, ns: clients are not moved to disk before this */
    int64_t search_after;   /* boot clock, ns: files are not searched for a record before this */
    struct tx_bytes origin; /* the log's name */
    struct tx_bytes memory; /* for the signer's messages */
    char sandbox[1024];     /* what is enforced, JSON */

    /* The log. */
    struct tx_tip now;    /* after the last line that was appended */
    struct tx_tip anchor; /* after the last durable checkpoint line: where a segment can begin */
    struct tx_bytes tail; /* lines since the anchor */
    size_t written;       /* of tail, in the segment's file */
    size_t durable;       /* of tail */
    bool note_in_tail;    /* the tail ends with a checkpoint or seal line */
    bool seal_in_tail;
    size_t note_start; /* of that line, in the tail */

    /* What the writer's thread does: nothing, a batch, or zeros. */
    struct tx_writer *writer; /* NULL until the sandbox is entered and the log is open */
    struct tx_source_handle *writer_source;
    size_t n_writing;         /* bytes of the tail from `written` on, which stay where they are */
    uint64_t tickets_writing; /* durable when those are */
    uint64_t taken_writing;
    bool store_again;         /* there is more, which waits for it */
    uint64_t laying_from;     /* zeros come to stand there */
    uint64_t laying_to;       /* 0: it lays nothing out */
    unsigned n_small_batches; /* in a row */

    /* Since the signer's size: what the next GROW shows. */
    struct tx_range ungrown; /* without the last leaf */
    struct tx_bytes last;    /* that leaf; len 0: nothing is new */
    struct tx_digest last_hash;
    struct tx_range before_epoch; /* while now.epoch_open: the tree before that record */

    /* The segment's file; fd -1: it is to be begun. */
    int segment_fd;
    uint64_t segment_first;
    uint64_t segment_bytes; /* of lines; zeros may follow */
    int layer_fd;           /* the same file for zeros, opened by itself; -1: none are laid out */
    uint64_t laid_out;      /* zeros are on disk up to here */
    uint64_t resume_bytes;  /* the next start may begin there (resume.c); or more was read */
    int64_t segment_began;  /* boot clock, ns: its first record's time */
    bool name_taken;        /* by the next one, though that may not be on disk */

    /* Trouble with the disk: 0, or the errno for which we wait. */
    int trouble;
    int64_t trouble_since;
    int trouble_told; /* what tracex.disk is to tell when there is room */
    int64_t trouble_ns;
    bool signer_waits; /* its disk takes nothing */

    /* Work that the pump does when everything before it is durable. */
    bool rotate_due;
    bool checkpoint_wanted;
    struct tx_bytes proof; /* epochs/<proof_epoch>.tlog-proof, to be written */
    uint64_t proof_epoch;
    bool proof_failed;
    struct tx_bytes policy;  /* policies/<sha256>.yaml, to be written before the next record */
    struct tx_bytes pending; /* the signer's epoch record: the next line, before anything else */
    int64_t epoch_began;     /* boot clock, ns: the epoch's first record; 0: none yet */

    struct tx_source_handle *control_source;
    bool orphaned; /* the supervisor is gone */

    /* Ingest. */
    int ingest_fd; /* -1: none now */
    struct tx_source_handle *ingest_source;
    uint32_t ingest_events;
    struct tx_bytes in;
    struct tx_bytes out;
    uint64_t tickets; /* given on this stream */
    uint64_t tickets_durable;
    uint64_t tickets_told; /* DURABLE was sent up to here */
    uint64_t taken;        /* bytes of their payloads */
    uint64_t taken_durable;
    uint64_t taken_begun; /* a batch was begun with so many */
    struct tx_pace pace;
    int64_t waited_for;       /* boot clock, ns: when somebody last asked for a receipt; 0: never */
    uint64_t pace_told;       /* what ingest keeps to */
    struct tx_bytes receipts; /* of struct tx_ledger_receipt, for what is not told yet */
    bool receipt_wanted;

    struct tx_source_handle *commit_timer;
    struct tx_source_handle *checkpoint_timer;
    struct tx_source_handle *retry_timer;
    struct tx_source_handle *tick_timer; /* heartbeat, age of the segment */
    bool commit_armed;
    bool checkpoint_armed;
    int64_t last_record_boot;

    /* What is to be told when there is room (news.c). */
    int64_t clock_offset; /* wall clock minus boot clock, ns */
    int64_t clock_jump;   /* ns */
    struct tx_ledger_end ends[TX_LEDGER_ENDS_MAX];

    /* What the first records after the start tell. */
    bool greeting_due;
    bool crashed;
    uint64_t torn_bytes;

    struct tx_retain retain;
    struct tx_space space;
    struct tx_compress *compress;
    struct tx_ledger_status status;
};

static inline uint64_t tx_ledger_size(const struct tx_ledger *ledger) {
    return ledger->now.tree.end;
}

/* A record may come now: not while a line of the signer's must be the next, nor while the disk
 * takes nothing. */
static inline bool tx_ledger_may_append(const struct tx_ledger *ledger) {
    return ledger->trouble == 0 && !ledger->now.epoch_open && ledger->pending.len == 0 &&
           ledger->policy.len == 0 && !ledger->greeting_due;
}

/* The ledger may say something of its own: also when the disk is full, from the reserve. */
static inline bool tx_ledger_may_tell(const struct tx_ledger *ledger) {
    return (ledger->trouble == 0 || ledger->space.spent) && !ledger->now.epoch_open &&
           ledger->pending.len == 0 && ledger->policy.len == 0 && !ledger->greeting_due;
}

/* append.c: a line at the end of the log, in memory. The body is valid (tx_bodies_body_valid). */
TX_MUST_USE int tx_ledger_append_body(struct tx_ledger *ledger, struct tx_text body,
                                      struct tx_digest *ret_leaf);
TX_MUST_USE int tx_ledger_append_line(struct tx_ledger *ledger, struct tx_text line,
                                      struct tx_digest *ret_leaf);
TX_MUST_USE int tx_ledger_append_note(struct tx_ledger *ledger, struct tx_text note, bool seal);
/* The seal line that ends the tail cannot stand in the next segment: it becomes a checkpoint's. */
void tx_ledger_unseal_tail(struct tx_ledger *ledger);

/* own-records.c */
TX_MUST_USE int tx_ledger_record_start(struct tx_ledger *ledger);
TX_MUST_USE int tx_ledger_record_stop(struct tx_ledger *ledger);
TX_MUST_USE int tx_ledger_record_heartbeat(struct tx_ledger *ledger);
TX_MUST_USE int tx_ledger_record_recovered(struct tx_ledger *ledger, uint64_t bytes);
TX_MUST_USE int tx_ledger_record_pruned(struct tx_ledger *ledger, const struct tx_pruned *pruned);
TX_MUST_USE int tx_ledger_record_disk(struct tx_ledger *ledger, int error, int64_t ns);
TX_MUST_USE int tx_ledger_record_full(struct tx_ledger *ledger, int error, const char *action);
TX_MUST_USE int tx_ledger_record_space(struct tx_ledger *ledger, const char *level,
                                       uint64_t free_bytes, uint64_t level_bytes);
/* `from`: what the wall clock would say, ns. */
TX_MUST_USE int tx_ledger_record_clock(struct tx_ledger *ledger, int64_t from, int64_t jump_ns);
TX_MUST_USE int tx_ledger_record_restart(struct tx_ledger *ledger, const struct tx_ledger_end *end);

/* news.c: what is to be told is kept until a record may come. */
void tx_ledger_watch_clock(struct tx_ledger *ledger);
void tx_ledger_note_end(struct tx_ledger *ledger, struct tx_text process, struct tx_text how,
                        uint64_t n);
TX_MUST_USE int tx_ledger_tell_news(struct tx_ledger *ledger);

/* store.c: makes the tail durable, in a new segment where the present one failed. -EAGAIN: the disk
 * takes nothing now; everything is kept and tried again. */
TX_MUST_USE int tx_ledger_store(struct tx_ledger *ledger);
/* The disk takes records again; not while the reserve is spent. */
void tx_ledger_leave_trouble(struct tx_ledger *ledger);
void tx_ledger_close_segment(struct tx_ledger *ledger, bool sealed);
/* The present segment is not believed any more. */
void tx_ledger_give_up(struct tx_ledger *ledger, int error);

/* background.c: the writer's thread. */
TX_MUST_USE int tx_ledger_start_writer(struct tx_ledger *ledger);
/* True when what is not written yet is being written, or will be after what is. */
bool tx_ledger_store_in_background(struct tx_ledger *ledger);
/* Nothing is going on afterwards. < 0: the batch could not be stored. */
TX_MUST_USE int tx_ledger_await_writer(struct tx_ledger *ledger);
/* The same, unless zeros are laid out elsewhere than in the next n bytes of the segment. */
TX_MUST_USE int tx_ledger_await_room(struct tx_ledger *ledger, size_t n);
/* After small batches: zeros for those that follow. */
void tx_ledger_lay_out(struct tx_ledger *ledger);
void tx_ledger_cut_zeros(struct tx_ledger *ledger);
/* Room for n bytes behind the tail. */
TX_MUST_USE int tx_ledger_reserve_tail(struct tx_ledger *ledger, size_t n);

/* notarise.c: asks the signer; what it gives is appended. The tail is durable. -EPIPE: it is gone;
 * -EAGAIN: it asks to be asked again. */
TX_MUST_USE int tx_ledger_checkpoint(struct tx_ledger *ledger, bool seal);
TX_MUST_USE int tx_ledger_rotate(struct tx_ledger *ledger);
/* The epoch's record, and its first checkpoint when that is durable. */
TX_MUST_USE int tx_ledger_open_epoch(struct tx_ledger *ledger, struct tx_text line);
TX_MUST_USE int tx_ledger_first_checkpoint(struct tx_ledger *ledger);
/* Of the epoch record `line`, before which the tree was `before`; the last note is its checkpoint.
 */
TX_MUST_USE int tx_ledger_prepare_proof(struct tx_ledger *ledger, struct tx_text line,
                                        const struct tx_range *before);
TX_MUST_USE int tx_ledger_write_proof(struct tx_ledger *ledger);
TX_MUST_USE int tx_ledger_call(struct tx_ledger *ledger, const struct tx_notary_request *request,
                               struct tx_notary_reply *ret);
/* Nothing is new to the signer, which has `size` leaves. */
void tx_ledger_signed_up_to(struct tx_ledger *ledger, uint64_t size);

/* append.c: the line is new to the signer. */
TX_MUST_USE int tx_ledger_show_leaf(struct tx_ledger *ledger, struct tx_text line,
                                    const struct tx_digest *leaf);

/* recover.c: opens the log or makes it. `new_log`: the options of tracex-auditd that begin a new
 * one, for messages. *ret_why (text for people) is set with TX_LEDGER_E_REFUSED.
 */
enum { TX_LEDGER_E_REFUSED = 1 };
#define TX_LEDGER_WHY_BYTES 2048
TX_MUST_USE int tx_ledger_recover(struct tx_ledger *ledger, const char *new_log,
                                  char ret_why[TX_LEDGER_WHY_BYTES]);

/* resume.c: where the next start may begin to read. The tail is empty, and the table of clients
 * saved. `stopped`: the last record is tracex.stop. */
TX_MUST_USE int tx_resume_save(struct tx_ledger *ledger, bool stopped);
/* That, and the table, when the segment has grown much since the last time. */
void tx_resume_save_now_and_then(struct tx_ledger *ledger);

/* identity.c: log.json. */
TX_MUST_USE int tx_ledger_identity(struct tx_ledger *ledger, const struct tx_notary_state *state,
                                   bool fresh, const char *new_log,
                                   char ret_why[TX_LEDGER_WHY_BYTES]);

/* pump.c: everything that is due, in order; the one place where the order stands. */
TX_MUST_USE int tx_ledger_pump(struct tx_ledger *ledger);
TX_MUST_USE int tx_ledger_schedule(struct tx_ledger *ledger);
/* The last record and its checkpoint; ends the loop. */
TX_MUST_USE int tx_ledger_stop(struct tx_ledger *ledger);
TX_MUST_USE int tx_ledger_add_timers(struct tx_ledger *ledger);

/* intake.c: the stream from ingest. fd is taken. */
TX_MUST_USE int tx_ledger_take_ingest(struct tx_ledger *ledger, int fd);
/* Frames that were read and had to wait. */
TX_MUST_USE int tx_ledger_resume_intake(struct tx_ledger *ledger);
TX_MUST_USE int tx_ledger_tell_durable(struct tx_ledger *ledger);
/* While somebody waits, how much may be on its way. */
TX_MUST_USE int tx_ledger_tell_pace(struct tx_ledger *ledger);
bool tx_ledger_is_waited_for(const struct tx_ledger *ledger);
void tx_ledger_evict_clients(struct tx_ledger *ledger);
TX_MUST_USE int tx_ledger_watch_ingest(struct tx_ledger *ledger);

/* find.c: the record that a client's number stands in. -ENOENT. */
TX_MUST_USE int tx_ledger_find(struct tx_ledger *ledger, const uint8_t client[8], uint64_t n,
                               uint64_t *ret_seq, struct tx_digest *ret_leaf);

/* policy.c: policies/<sha256>.yaml. What the disk does not take now is kept and written later. */
TX_MUST_USE int tx_ledger_keep_policy(struct tx_ledger *ledger, struct tx_text text);
TX_MUST_USE int tx_ledger_write_policy(struct tx_ledger *ledger);

#endif
