/* SPDX-License-Identifier: MIT */
/*
 * The ledger's talk with the signer. Each request shows only what is durable; each note goes into
 * exactly one line, which is durable before the next request (auditd/ipc/notary.h).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/segment/tlog-proof.h"

#define LOG TX_FD_LEDGER_LOG

int tx_ledger_call(struct tx_ledger *ledger, const struct tx_notary_request *request,
                   struct tx_notary_reply *ret) {
    struct tx_buf memory = tx_buf_of(ledger->memory.data, ledger->memory.cap);
    int r = tx_notary_call(TX_FD_LEDGER_SIGNER, ledger->hasher, request, &memory, ret);
    if (r < 0)
        return r == -EAGAIN ? -EPIPE : r;
    bool waits = ret->type == TX_NOTARY_ERROR && ret->error == TX_NOTARY_E_STORAGE;
    if (waits && !ledger->signer_waits)
        tx_log(TX_LOG_ERROR, "the signer cannot store its state: no checkpoint until it can");
    ledger->signer_waits = waits;
    if (waits)
        return -EAGAIN;
    if (ret->type != TX_NOTARY_ERROR)
        return 0;
    if (ret->error == TX_NOTARY_E_ROTATE_FIRST)
        return 0;
    tx_log(TX_LOG_ERROR, "the signer refuses request %d at record %llu with error %d",
           (int)request->type, (unsigned long long)tx_ledger_size(ledger), (int)ret->error);
    return -EPROTO;
}

void tx_ledger_signed_up_to(struct tx_ledger *ledger, uint64_t size) {
    tx_range_init(&ledger->ungrown, size);
    ledger->last.len = 0;
}

/* What is new since the last note. */
static struct tx_notary_request request_of(const struct tx_ledger *ledger,
                                           enum tx_notary_type type) {
    return (struct tx_notary_request){
        .type = type,
        .range = ledger->ungrown,
        .last = {.p = (const char *)ledger->last.data, .n = ledger->last.len},
    };
}

/* Derived: the note stands in the segment, so this file need not be synced to be right after a
 * crash; it is written anew at each start. */
static void replace_checkpoint_file(const struct tx_ledger *ledger) {
    _cleanup_(tx_fd_closep) int fd =
        openat(LOG, "checkpoint.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    int r =
        fd < 0 ? -errno : tx_fd_write_all(fd, ledger->anchor.note.data, ledger->anchor.note.len);
    if (r == 0 && renameat(LOG, "checkpoint.tmp", LOG, "checkpoint") < 0)
        r = -errno;
    if (r < 0)
        tx_log(TX_LOG_WARNING, "cannot replace the file checkpoint: %s", strerror(-r));
}

/* The note's line is in the tail: makes it durable, then shows it. */
static int publish(struct tx_ledger *ledger) {
    int r = tx_ledger_store(ledger);
    if (r < 0)
        return r;
    ledger->status.checkpoint_wall = tx_clock_wall();
    replace_checkpoint_file(ledger);
    return 0;
}

int tx_ledger_checkpoint(struct tx_ledger *ledger, bool seal) {
    struct tx_notary_reply reply;
    struct tx_notary_request request = request_of(ledger, TX_NOTARY_GROW);

    if (ledger->last.len == 0)
        return 0;
    request.seal = seal;
    int r = tx_ledger_call(ledger, &request, &reply);
    if (r < 0)
        return r;
    if (reply.type == TX_NOTARY_ERROR) /* rotate first */
        return tx_ledger_rotate(ledger);
    if (reply.type != TX_NOTARY_NOTE)
        return -EPROTO;
    ledger->rotate_due |= reply.rotate_due;
    tx_ledger_signed_up_to(ledger, tx_ledger_size(ledger));
    r = tx_ledger_append_note(ledger, reply.note, seal);
    return r < 0 ? r : publish(ledger);
}

int tx_ledger_prepare_proof(struct tx_ledger *ledger, struct tx_text line,
                            const struct tx_range *before) {
    _cleanup_(tx_freep) struct tx_tlog_proof *proof = calloc(1, sizeof(*proof));
    if (!proof)
        return -ENOMEM;
    proof->extra = line;
    proof->index = before->end;
    proof->n_path = tx_proof_of_last(before->nodes, before->n_nodes, proof->path);
    proof->note = (struct tx_text){(char *)ledger->now.note.data, ledger->now.note.len};
    ledger->proof.len = 0;
    int r = tx_bytes_reserve(&ledger->proof, TX_TLOG_PROOF_BYTES);
    if (r < 0)
        return r;
    struct tx_buf b = tx_buf_of(ledger->proof.data, ledger->proof.cap);
    tx_tlog_proof_render(proof, &b);
    if (b.full)
        return -EMSGSIZE;
    ledger->proof.len = b.len;
    ledger->proof_epoch = ledger->now.epoch;
    return 0;
}

static int replace_proof(struct tx_ledger *ledger) {
    char name[64];
    if (mkdirat(LOG, "epochs", 0750) < 0 && errno != EEXIST)
        return -errno;
    _cleanup_(tx_fd_closep) int dir =
        openat(LOG, "epochs", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0)
        return -errno;
    snprintf(name, sizeof(name), "%llu.tlog-proof", (unsigned long long)ledger->proof_epoch);
    int r = tx_file_replace_at(dir, name, ledger->proof.data, ledger->proof.len, 0640);
    /* The directory's own name, too: with two proofs gone, only the later would be made anew. */
    return r == 0 && fsync(LOG) < 0 ? -errno : r;
}

int tx_ledger_write_proof(struct tx_ledger *ledger) {
    if (ledger->proof.len == 0)
        return 0;
    int r = replace_proof(ledger);
    if (r < 0) {
        if (!ledger->proof_failed)
            tx_log(TX_LOG_ERROR,
                   "cannot write epochs/%llu.tlog-proof: %s; neither segment nor epoch ends until "
                   "it is there",
                   (unsigned long long)ledger->proof_epoch, strerror(-r));
        ledger->proof_failed = true;
        return -EAGAIN;
    }
    ledger->proof_failed = false;
    tx_bytes_deinit(&ledger->proof);
    return 0;
}

/* The epoch's record is durable and the last line. */
int tx_ledger_first_checkpoint(struct tx_ledger *ledger) {
    struct tx_notary_request request = {.type = TX_NOTARY_GROW};
    struct tx_notary_reply reply;
    struct tx_range before;
    _cleanup_(tx_bytes_deinit) struct tx_bytes line = TX_BYTES_INIT;

    tx_range_init(&request.range, tx_ledger_size(ledger));
    int r = tx_ledger_call(ledger, &request, &reply);
    if (r < 0)
        return r;
    if (reply.type != TX_NOTARY_NOTE)
        return -EPROTO;
    before = ledger->before_epoch;
    r = tx_bytes_append(&line, ledger->last.data, ledger->last.len);
    if (r < 0)
        return r;
    tx_ledger_signed_up_to(ledger, tx_ledger_size(ledger));
    ledger->rotate_due = reply.rotate_due;
    ledger->epoch_began = 0;
    r = tx_ledger_append_note(ledger, reply.note, false);
    if (r == 0)
        r = tx_ledger_prepare_proof(ledger, (struct tx_text){(char *)line.data, line.len}, &before);
    return r < 0 ? r : publish(ledger);
}

int tx_ledger_rotate(struct tx_ledger *ledger) {
    struct tx_notary_request request = request_of(ledger, TX_NOTARY_ROTATE);
    struct tx_notary_reply reply;

    if (ledger->proof.len > 0) /* there is room for one */
        return -EAGAIN;
    int r = tx_ledger_call(ledger, &request, &reply);
    if (r < 0)
        return r;
    return reply.type == TX_NOTARY_LINE ? tx_ledger_open_epoch(ledger, reply.line) : -EPROTO;
}

int tx_ledger_open_epoch(struct tx_ledger *ledger, struct tx_text line) {
    struct tx_digest leaf;
    ledger->before_epoch = ledger->now.tree;
    int r = tx_ledger_append_line(ledger, line, &leaf);
    if (r == 0)
        r = tx_ledger_store(ledger);
    return r < 0 ? r : tx_ledger_first_checkpoint(ledger);
}
