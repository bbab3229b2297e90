/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/outlet.h"

#include <string.h>
#include <unistd.h>

#include "auditd/ingest/ingest.h"
#include "auditd/ingest/process.h"
#include "auditd/ingest/settle.h"
#include "auditd/ingest/supervisor-link.h"
#include "auditd/ipc/log.h"
#include "libtx/base/clock.h"

#define SECOND_NS INT64_C(1000000000)
#define LOOK_NS (SECOND_NS / 4)
/* So long an outlet that may drop is waited for; the audit records of who waits wait as well. */
#define PATIENCE_NS (5 * SECOND_NS)
#define STOPPING_PATIENCE_NS (2 * SECOND_NS)
/* Looks in a row with more than half of the inbox waiting. */
#define LARGE_MAX 2
#define WANT_AGAIN_NS SECOND_NS

static int on_look(void *data, uint32_t events);

int tx_outlet_init(struct tx_outlet *outlet, struct tx_ingest *ingest, enum tx_stream_id id) {
    outlet->ingest = ingest;
    outlet->id = id;
    outlet->next_fd = -1;
    int r = tx_link_init(&outlet->link);
    if (r == 0 && tx_outlet_may_drop(outlet)) {
        outlet->lost = calloc(1, sizeof(*outlet->lost));
        if (!outlet->lost)
            return -ENOMEM;
    }
    if (r == 0)
        r = tx_loop_add_timer(ingest->loop,
                              tx_outlet_may_drop(outlet) ? on_look : tx_settle_on_no_ledger, outlet,
                              &outlet->timer);
    return r;
}

void tx_outlet_deinit(struct tx_outlet *outlet) {
    if (!outlet->ingest)
        return;
    tx_loop_remove(outlet->ingest->loop, outlet->source);
    tx_loop_remove(outlet->ingest->loop, outlet->timer);
    tx_link_deinit(&outlet->link);
    if (outlet->next_fd >= 0)
        close(outlet->next_fd);
    tx_own_deinit(&outlet->own);
    free(outlet->lost);
    *outlet = (struct tx_outlet){.next_fd = -1};
}

struct tx_outlet *tx_outlet_of(struct tx_ingest *ingest, enum tx_lane lane, struct tx_text event) {
    return &ingest->outlets[tx_stream_of(ingest->routes, lane, event)];
}

bool tx_outlet_takes(const struct tx_outlet *outlet) {
    if (!tx_link_has_room(&outlet->link))
        return false;
    return !tx_outlet_may_drop(outlet) ||
           (!outlet->is_dropping && outlet->lost->n == 0 && !outlet->own.unsent);
}

/* --- waiting --- */

static int want(struct tx_outlet *outlet, int64_t now) {
    if (outlet->link.fd >= 0 || outlet->next_fd >= 0 ||
        (outlet->wanted_ns > 0 && now - outlet->wanted_ns < WANT_AGAIN_NS))
        return 0;
    outlet->wanted_ns = now;
    return tx_supervisor_say_wanted(outlet->ingest, outlet->id);
}

int tx_outlet_wait(struct tx_outlet *outlet) {
    int64_t now = tx_clock_boot();

    if (!outlet->is_timed) {
        outlet->is_timed = true;
        outlet->n_large = 0;
        outlet->seen_durable = outlet->link.durable;
        outlet->moved_ns = now;
        int r = tx_loop_set_timer(outlet->timer, now + LOOK_NS, 0);
        if (r < 0)
            return r;
    }
    return want(outlet, now);
}

static size_t bytes_of(const struct tx_inbox_entry *entry) {
    size_t n = 0;
    for (; entry; entry = entry->next)
        n += entry->size;
    return n;
}

/* A question counts as one: somebody waits for the answer. */
static size_t waiting_bytes(const struct tx_outlet *outlet) {
    const struct tx_client *client;
    size_t n = bytes_of(outlet->sent) + outlet->n_asked;
    TAILQ_FOREACH(client, &outlet->ingest->clients.waiting, by_ready)
    n += bytes_of(client->parked);
    return n;
}

static int begin_dropping(struct tx_outlet *outlet) {
    tx_log(
        TX_LOG_WARNING,
        "the %s log takes no records: those that are meant for it are dropped and counted, until "
        "it does",
        tx_stream_name(outlet->id));
    outlet->is_dropping = true;
    tx_settle_forget(outlet->ingest);
    return 0; /* processing is run next */
}

static bool has_lost_patience(struct tx_outlet *outlet, size_t waiting, int64_t now) {
    const struct tx_ingest *ingest = outlet->ingest;
    int64_t patience = ingest->stopping ? STOPPING_PATIENCE_NS : PATIENCE_NS;

    if (outlet->link.fd >= 0 && outlet->link.durable != outlet->seen_durable) {
        outlet->seen_durable = outlet->link.durable;
        outlet->moved_ns = now;
    }
    outlet->n_large = waiting > ingest->inbox.capacity / 2 ? outlet->n_large + 1 : 0;
    return now - outlet->moved_ns >= patience || outlet->n_large >= LARGE_MAX;
}

static int on_look(void *data, uint32_t events) {
    struct tx_outlet *outlet = data;
    struct tx_ingest *ingest = outlet->ingest;
    int64_t now = tx_clock_boot();
    size_t waiting = waiting_bytes(outlet);
    int r = 0;

    (void)events;
    if (waiting == 0 && !outlet->is_dropping && !ingest->stopping) {
        outlet->is_timed = false;
        return 0;
    }
    if (outlet->is_dropping)
        r = want(outlet, now);
    else if ((waiting > 0 || (ingest->stopping && !tx_outlet_is_settled(outlet))) &&
             has_lost_patience(outlet, waiting, now))
        r = begin_dropping(outlet);
    else if (waiting > 0)
        r = want(outlet, now);
    if (r == 0)
        r = tx_loop_set_timer(outlet->timer, now + LOOK_NS, 0);
    if (r == 0)
        r = tx_process_run(ingest);
    return r < 0 ? r : tx_settle_check_stopped(ingest);
}

/* --- dropping --- */

void tx_outlet_drop(struct tx_outlet *outlet, const uint8_t client[8], uint64_t first,
                    uint64_t last) {
    uint64_t n_new = tx_lost_add(outlet->lost, client, first, last);

    outlet->n_dropped += n_new;
    outlet->ingest->counters.lost += n_new;
}

int tx_outlet_ask(struct tx_outlet *outlet, const uint8_t client[8]) {
    struct tx_bodies_frame query = {.type = TX_BODIES_QUERY};
    memcpy(query.client, client, sizeof(query.client));
    outlet->n_asked++;
    return tx_link_send(&outlet->link, &query);
}

/* Each client once: the ranges of one need not stand together, but mostly do. */
static int ask_for_all(struct tx_outlet *outlet) {
    const struct tx_lost *lost = outlet->lost;
    int r = 0;
    for (size_t i = 0; r == 0 && i < lost->n; i++)
        if (i == 0 || memcmp(lost->ranges[i].client, lost->ranges[i - 1].client, 8) != 0)
            r = tx_outlet_ask(outlet, lost->ranges[i].client);
    return r;
}

int tx_outlet_recover(struct tx_outlet *outlet) {
    if (outlet->is_dropping) {
        tx_log(TX_LOG_NOTICE, "the %s log takes records again; %llu were dropped",
               tx_stream_name(outlet->id), (unsigned long long)outlet->n_dropped);
        outlet->is_dropping = false;
        outlet->moved_ns = tx_clock_boot();
        outlet->n_large = 0;
    }
    return ask_for_all(outlet);
}

static int add_lost(struct tx_outlet *outlet, const struct tx_lost_range *range) {
    char memory[TX_OWN_BODY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_bodies_frame frame = {
        .flags = TX_BODIES_FLAG_CLIENT, .first = range->first, .last = range->last};

    memcpy(frame.client, range->client, sizeof(frame.client));
    tx_own_render_lost(&b, range->client, range->first, range->last,
                       range->is_stretched ? "forgotten" : "rejected");
    return tx_own_add_numbered(&outlet->own, (struct tx_text){.p = memory, .n = b.len}, &frame);
}

int tx_outlet_declare(struct tx_outlet *outlet, const uint8_t client[8], uint64_t from) {
    struct tx_lost_range range;
    int r = 0;

    if (!tx_outlet_may_drop(outlet) || outlet->is_dropping)
        return 0;
    while (r == 0 && tx_lost_take(outlet->lost, client, from, &range))
        r = add_lost(outlet, &range);
    return r;
}

/* --- own records --- */

int tx_outlet_tell_policy(struct tx_outlet *outlet) {
    static const struct tx_ipc_policy_change change = {.why = {"start", 5}};
    const struct tx_policy *policy = outlet->ingest->policy;
    char memory[TX_OWN_BODY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    const struct tx_own_policy own = {.sha256 = policy->sha256,
                                      .before = outlet->policy[0] ? outlet->policy : NULL,
                                      .lockdown = policy->conf->masking.lockdown,
                                      .change = &change};

    if (!tx_outlet_may_drop(outlet) || outlet->link.fd < 0 ||
        strcmp(outlet->policy, policy->sha256) == 0)
        return 0;
    tx_own_render_policy(&b, &own);
    memcpy(outlet->policy, policy->sha256, sizeof(outlet->policy));
    return tx_own_add(&outlet->own, (struct tx_text){.p = memory, .n = b.len},
                      (struct tx_text){.p = (char *)policy->text.data, .n = policy->text.len}, 0);
}

bool tx_outlet_is_settled(const struct tx_outlet *outlet) {
    if (!tx_outlet_may_drop(outlet))
        return outlet->own.n == 0;
    return outlet->link.fd < 0 || outlet->is_dropping ||
           (outlet->own.n == 0 && outlet->lost->n == 0);
}
