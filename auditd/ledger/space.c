/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/space.h"

#include <string.h>
#include <sys/statvfs.h>

#include "auditd/ipc/control.h"
#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"
#include "libtx/conf/value.h"

#define LOG TX_FD_LEDGER_LOG
#define SECOND_NS INT64_C(1000000000)
/* The same level is told so often at most, however room comes and goes. */
#define TELL_NS (60 * SECOND_NS)
/* What removing old segments makes free at least, when there is no room left. */
#define FREE_AT_LEAST (UINT64_C(1) << 20)

static const char *const level_names[] = {"ok", "warn", "low"};

/* --- levels --- */

uint64_t tx_space_bytes(uint64_t level, uint64_t all_bytes) {
    if (!(level & TX_CONF_SHARE))
        return level;
    return all_bytes / 100 * (level & ~TX_CONF_SHARE);
}

static uint64_t level_of(const struct tx_stream *stream, enum tx_space_level level, uint64_t all) {
    return tx_space_bytes(level == TX_SPACE_LOW ? stream->space_low : stream->space_warn, all);
}

enum tx_space_level tx_space_level_of(const struct tx_stream *stream, enum tx_space_level before,
                                      uint64_t free_bytes, uint64_t all_bytes) {
    for (enum tx_space_level level = TX_SPACE_LOW; level > TX_SPACE_OK; level--) {
        uint64_t bytes = level_of(stream, level, all_bytes);
        if (before >= level)
            bytes += bytes / 10;
        if (free_bytes < bytes)
            return level;
    }
    return TX_SPACE_OK;
}

const char *tx_space_level_name(enum tx_space_level level) {
    return level_names[level];
}

static enum tx_conf_space_action action_of(const struct tx_stream *stream,
                                           enum tx_space_level level) {
    return level == TX_SPACE_LOW ? stream->space_low_action : stream->space_warn_action;
}

static void log_level(const struct tx_ledger *ledger, uint64_t bytes) {
    const struct tx_space *space = &ledger->space;
    unsigned long long left = space->free_bytes;
    if (space->level == TX_SPACE_OK)
        tx_log(TX_LOG_NOTICE, "the log's disk has %llu bytes left: enough again", left);
    else
        tx_log(space->level == TX_SPACE_LOW ? TX_LOG_ERROR : TX_LOG_WARNING,
               "the log's disk has %llu bytes left, less than %s.space.%s (%llu): make room, or "
               "set %s.retain",
               left, ledger->section, level_names[space->level], (unsigned long long)bytes,
               ledger->section);
}

static int tell_level(struct tx_ledger *ledger) {
    struct tx_space *space = &ledger->space;
    enum tx_space_level level = space->level, gravest = level > space->told ? level : space->told;
    int64_t now = tx_clock_boot();
    uint64_t bytes = level > TX_SPACE_OK ? level_of(ledger->stream, level, space->all_bytes) : 0;

    if (!tx_ledger_may_tell(ledger) ||
        (space->told_at[level] > 0 && now - space->told_at[level] < TELL_NS))
        return 0;
    space->told = level;
    space->told_at[level] = now;
    log_level(ledger, bytes);
    if (action_of(ledger->stream, gravest) == TX_SPACE_LOG)
        return 0;
    return tx_ledger_record_space(ledger, level_names[level], space->free_bytes, bytes);
}

/* What is to be made free by removing segments before their time. */
static uint64_t wanted(const struct tx_ledger *ledger) {
    const struct tx_space *space = &ledger->space;
    uint64_t target = 0;

    for (enum tx_space_level level = TX_SPACE_WARN; level <= space->level; level++) {
        uint64_t bytes = level_of(ledger->stream, level, space->all_bytes);
        if (action_of(ledger->stream, level) == TX_SPACE_PRUNE && bytes + bytes / 10 > target)
            target = bytes + bytes / 10;
    }
    if (space->spent && ledger->stream->on_disk_full == TX_DISK_PRUNE) {
        uint64_t bytes = 2 * ledger->stream->space_reserve + FREE_AT_LEAST;
        target = bytes > target ? bytes : target;
    }
    return target > space->free_bytes ? target - space->free_bytes : 0;
}

/* --- */

static int measure(struct tx_space *space) {
    struct statvfs st;
    if (fstatvfs(LOG, &st) < 0)
        return -errno;
    space->free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    space->all_bytes = (uint64_t)st.f_blocks * st.f_frsize;
    return 0;
}

static int refill(struct tx_ledger *ledger) {
    bool was_spent = ledger->space.spent;
    int error = ledger->trouble;

    tx_reserve_fill(ledger);
    if (!was_spent || ledger->space.spent)
        return 0;
    tx_ledger_leave_trouble(ledger);
    ledger->trouble_told = error;
    int r = tx_ledger_pump(ledger);
    return r < 0 ? r : tx_ledger_resume_intake(ledger);
}

int tx_space_tick(struct tx_ledger *ledger) {
    struct tx_space *space = &ledger->space;
    int r = 0;

    if (measure(space) < 0)
        return 0;
    if (!space->held)
        r = refill(ledger);
    enum tx_space_level level =
        tx_space_level_of(ledger->stream, space->level, space->free_bytes, space->all_bytes);
    space->level = level;
    if (r == 0 && level != space->told)
        r = tell_level(ledger);
    if (r == 0 && level > TX_SPACE_OK && action_of(ledger->stream, level) == TX_SPACE_HALT &&
        space->halt_error == 0) {
        space->halt_error = ENOSPC;
        space->halt_key = level == TX_SPACE_LOW ? "log.space.low_action" : "log.space.warn_action";
    }
    tx_retain_want(ledger, wanted(ledger));
    return r;
}

void tx_space_failed(struct tx_ledger *ledger, int error) {
    bool full = error == -ENOSPC || error == -EDQUOT;
    const struct tx_stream *stream = ledger->stream;

    if ((full ? stream->on_disk_full : stream->on_disk_error) != TX_DISK_HALT ||
        ledger->space.halt_error != 0)
        return;
    ledger->space.halt_error = -error;
    ledger->space.halt_key = full ? "log.on_disk_full" : "log.on_disk_error";
}

int tx_space_tell(struct tx_ledger *ledger) {
    struct tx_space *space = &ledger->space;
    int error = ledger->trouble_told;
    int64_t ns = ledger->trouble_ns;

    if (!error)
        return 0;
    ledger->trouble_told = 0;
    if (!space->spent) {
        ledger->trouble_ns = 0;
        return tx_ledger_record_disk(ledger, error, ns);
    }
    if (space->told_full)
        return 0;
    space->told_full = true;
    ledger->checkpoint_wanted = true; /* at the next commit: the reserve is for that, too */
    static const char *const actions[] = {"block", "halt", "prune", "block"};
    return tx_ledger_record_full(ledger, error, actions[ledger->stream->on_disk_full]);
}

/* What led to it is told and proven, or never will be. */
static bool may_halt(const struct tx_ledger *ledger) {
    if (ledger->trouble && !ledger->space.spent)
        return true;
    return ledger->trouble_told == 0 && ledger->durable == ledger->tail.len &&
           ledger->anchor.checkpoint_size == tx_ledger_size(ledger);
}

int tx_space_halt(struct tx_ledger *ledger) {
    const struct tx_space *space = &ledger->space;
    char why[128];
    struct tx_buf b = tx_buf_of(why, sizeof(why));

    if (space->halt_error == 0 || !may_halt(ledger))
        return 0;
    tx_buf_str(&b, space->halt_key);
    tx_buf_str(&b, " is halt, and of the log's disk: ");
    tx_buf_str(&b, strerror(space->halt_error));
    int r = tx_ledger_stop(ledger);
    if (r == -ENOMEM || r == -EPIPE)
        return r;
    tx_loop_stop(ledger->loop); /* also when not everything became durable */
    const struct tx_control message = {.type = TX_CONTROL_FATAL,
                                       .argument = TX_FATAL_HALT,
                                       .payload = {why, b.full ? 0 : b.len},
                                       .fd = -1};
    return tx_control_send(TX_FD_CONTROL, &message);
}

const char *tx_space_hopeless(const struct tx_ledger *ledger) {
    switch (ledger->trouble) {
    case EROFS:
        return "log.dir cannot be written: it is on a read-only file system.";
    case EACCES:
    case EPERM:
        return "log.dir cannot be written: its owner or mode, or an attribute of it or of its "
               "files, does not let the daemon's user.";
    default:
        return NULL;
    }
}
