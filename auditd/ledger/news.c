/* SPDX-License-Identifier: MIT */
/*
 * What the ledger has to tell of the machine and of the daemon: that the wall clock jumped, that a
 * process ended and was started again. It is kept until a record may come.
 */
#include <stdlib.h>
#include <string.h>

#include "auditd/ipc/control.h"
#include "auditd/ipc/fds.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"

/* Less is what a clock that is set right by and by does within a second. */
#define JUMP_NS INT64_C(1000000000)

static int64_t offset_now(void) {
    return tx_clock_wall() - tx_clock_boot();
}

void tx_ledger_watch_clock(struct tx_ledger *ledger) {
    ledger->clock_offset = offset_now();
}

/* Several jumps that could not be told meanwhile are one. */
static void look_at_clock(struct tx_ledger *ledger) {
    int64_t offset = offset_now(), jump = offset - ledger->clock_offset;

    ledger->clock_offset = offset;
    if (jump >= JUMP_NS || jump <= -JUMP_NS)
        ledger->clock_jump += jump;
}

static int tell_clock(struct tx_ledger *ledger) {
    int64_t jump = ledger->clock_jump;

    ledger->clock_jump = 0;
    return jump == 0 ? 0 : tx_ledger_record_clock(ledger, tx_clock_wall() - jump, jump);
}

static int tell_ends(struct tx_ledger *ledger) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < TX_LEDGER_ENDS_MAX; i++) {
        struct tx_ledger_end *end = &ledger->ends[i];
        if (end->n == 0 || end->is_appended)
            continue;
        r = tx_ledger_record_restart(ledger, end);
        end->is_appended = true;
    }
    return r;
}

/* A supervisor that does not listen just now tells the next ledger once more. */
static int confirm(const struct tx_ledger *ledger, const struct tx_ledger_end *end) {
    const struct tx_control message = {
        .type = TX_CONTROL_END_RECORDED, .payload = {end->process, strlen(end->process)}, .fd = -1};
    int r = ledger->orphaned ? 0 : tx_control_send(TX_FD_CONTROL, &message);
    return r == -EAGAIN || r == -EPIPE ? 0 : r;
}

static int confirm_ends(struct tx_ledger *ledger) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < TX_LEDGER_ENDS_MAX; i++) {
        struct tx_ledger_end *end = &ledger->ends[i];
        if (!end->is_appended)
            continue;
        r = confirm(ledger, end);
        *end = (struct tx_ledger_end){.n = 0};
    }
    return r;
}

int tx_ledger_tell_news(struct tx_ledger *ledger) {
    look_at_clock(ledger);
    if (ledger->durable == ledger->tail.len) {
        int r = confirm_ends(ledger);
        if (r < 0)
            return r;
    }
    if (!tx_ledger_may_append(ledger))
        return 0;
    int r = tell_clock(ledger);
    return r < 0 ? r : tell_ends(ledger);
}

static void copy_text(struct tx_text from, char *to, size_t n_to) {
    size_t n = from.n < n_to - 1 ? from.n : n_to - 1;
    memcpy(to, from.p, n);
    to[n] = '\0';
}

/* The supervisor tells of one process again only when this was confirmed. */
void tx_ledger_note_end(struct tx_ledger *ledger, struct tx_text process, struct tx_text how,
                        uint64_t n) {
    for (size_t i = 0; i < TX_LEDGER_ENDS_MAX; i++) {
        struct tx_ledger_end *end = &ledger->ends[i];
        if (end->n > 0)
            continue;
        end->n = n;
        copy_text(process, end->process, sizeof(end->process));
        copy_text(how, end->how, sizeof(end->how));
        return;
    }
}
