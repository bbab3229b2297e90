/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/own-records.h"

#include <string.h>

#include "libtx/base/clock.h"

static void begin(struct tx_buf *b, const char *event) {
    tx_buf_str(b, "\"by\":\"ingest\",\"time\":\"");
    tx_buf_time(b, tx_clock_wall());
    tx_buf_str(b, "\",\"event\":\"");
    tx_buf_str(b, event);
    tx_buf_str(b, "\",\"data\":{");
}

static void end(struct tx_buf *b) {
    tx_buf_str(b, "}}");
}

void tx_own_render_lost(struct tx_buf *b, const uint8_t client[8], uint64_t first, uint64_t last,
                        const char *why) {
    begin(b, "tracex.lost");
    tx_buf_str(b, "\"client\":\"");
    tx_buf_hex(b, client, 8);
    tx_buf_str(b, "\",\"first\":");
    tx_buf_dec(b, first);
    tx_buf_str(b, ",\"last\":");
    tx_buf_dec(b, last);
    tx_buf_str(b, ",\"why\":\"");
    tx_buf_str(b, why);
    tx_buf_char(b, '"');
    end(b);
}

void tx_own_render_rejected(struct tx_buf *b, const uint32_t *uid, uint64_t count,
                            const char *reason) {
    begin(b, "tracex.rejected");
    if (uid) {
        tx_buf_str(b, "\"uid\":");
        tx_buf_dec(b, *uid);
        tx_buf_char(b, ',');
    }
    tx_buf_str(b, "\"count\":");
    tx_buf_dec(b, count);
    tx_buf_str(b, ",\"reason\":");
    tx_buf_json_string(b, reason, strlen(reason));
    end(b);
}

static void put_id(struct tx_buf *b, const char *name, const uint8_t id[16]) {
    tx_buf_json_string(b, name, strlen(name));
    tx_buf_str(b, ":\"");
    tx_buf_uuid(b, id);
    tx_buf_str(b, "\",");
}

static void put_text(struct tx_buf *b, const char *name, struct tx_text text) {
    if (text.n == 0)
        return;
    tx_buf_json_string(b, name, strlen(name));
    tx_buf_char(b, ':');
    tx_buf_json_string(b, text.p, text.n);
    tx_buf_char(b, ',');
}

static void put_weakened(struct tx_buf *b, const struct tx_ipc_policy_change *change) {
    if (change->n_weakened == 0)
        return;
    tx_buf_str(b, ",\"weakened\":[");
    for (size_t i = 0; i < change->n_weakened; i++) {
        struct tx_text text = change->weakened[i];
        if (i > 0)
            tx_buf_char(b, ',');
        if (tx_utf8_valid(text.p, text.n))
            tx_buf_json_string(b, text.p, text.n);
        else
            tx_buf_str(b, "null");
    }
    tx_buf_char(b, ']');
    if (change->more)
        tx_buf_str(b, ",\"weakened_more\":true");
}

/* ,"name":"text" */
static void put_more_text(struct tx_buf *b, const char *name, struct tx_text text) {
    if (text.n == 0 || !tx_utf8_valid(text.p, text.n))
        return;
    tx_buf_char(b, ',');
    tx_buf_json_string(b, name, strlen(name));
    tx_buf_char(b, ':');
    tx_buf_json_string(b, text.p, text.n);
}

void tx_own_render_policy(struct tx_buf *b, const struct tx_own_policy *policy) {
    const struct tx_ipc_policy_change *change = policy->change;

    begin(b, "tracex.policy");
    tx_buf_str(b, "\"sha256\":\"");
    tx_buf_str(b, policy->sha256);
    tx_buf_char(b, '"');
    if (policy->before)
        put_more_text(b, "before",
                      (struct tx_text){.p = policy->before, .n = strlen(policy->before)});
    put_more_text(b, "why", change->why);
    if (policy->lockdown)
        tx_buf_str(b, ",\"lockdown\":true");
    put_more_text(b, "rejected", change->rejected);
    put_more_text(b, "at", change->place);
    if (change->allowed)
        tx_buf_str(b, ",\"allowed_weaker\":true");
    put_weakened(b, change);
    end(b);
}

static void put_asker(struct tx_buf *b, uint32_t uid, uint32_t pid) {
    tx_buf_str(b, "\"uid\":");
    tx_buf_dec(b, uid);
    tx_buf_str(b, ",\"pid\":");
    tx_buf_dec(b, pid);
}

void tx_own_render_erased(struct tx_buf *b, const struct tx_vault_erasure *erasure) {
    begin(b, "tracex.erased");
    put_id(b, "request", erasure->request);
    put_text(b, "reference", erasure->reference);
    tx_buf_str(b, "\"ref\":\"");
    tx_buf_base64url(b, erasure->ref, sizeof(erasure->ref));
    tx_buf_str(b, "\",\"erased\":\"");
    tx_buf_time(b, erasure->time);
    tx_buf_str(b, "\",");
    put_asker(b, erasure->uid, erasure->pid);
    end(b);
}

void tx_own_render_revealed(struct tx_buf *b, const struct tx_vault_reveal *reveal) {
    begin(b, "tracex.revealed");
    put_id(b, "request", reveal->request);
    tx_buf_str(b, "\"seq\":");
    tx_buf_dec(b, reveal->seq);
    tx_buf_char(b, ',');
    put_id(b, "id", reveal->record);
    put_text(b, "field", reveal->field);
    put_text(b, "reason", reveal->reason);
    put_asker(b, reveal->uid, reveal->pid);
    end(b);
}

struct tx_own_record {
    struct tx_own_record *next;
    uint64_t number; /* whoever waits for it; 0: nobody */
    uint64_t ticket; /* once sent */
    struct tx_bodies_frame frame;
    size_t n_body;
    size_t n_policy;
    char text[]; /* body, then policy */
};

static void free_all(struct tx_own_record *record) {
    while (record) {
        struct tx_own_record *next = record->next;
        free(record);
        record = next;
    }
}

void tx_own_deinit(struct tx_own_records *own) {
    free_all(own->first);
    free_all(own->done);
    *own = (struct tx_own_records){.n = 0};
}

static int add(struct tx_own_records *own, struct tx_text body, struct tx_text policy,
               uint64_t number, const struct tx_bodies_frame *frame) {
    struct tx_own_record *record = malloc(sizeof(*record) + body.n + policy.n);
    if (!record)
        return -ENOMEM;
    *record = (struct tx_own_record){
        .number = number, .n_body = body.n, .n_policy = policy.n, .frame = *frame};
    memcpy(record->text, body.p, body.n);
    if (policy.n)
        memcpy(record->text + body.n, policy.p, policy.n);
    if (own->last)
        own->last->next = record;
    else
        own->first = record;
    own->last = record;
    if (!own->unsent)
        own->unsent = record;
    own->n++;
    return 0;
}

int tx_own_add(struct tx_own_records *own, struct tx_text body, struct tx_text policy,
               uint64_t number) {
    static const struct tx_bodies_frame frame = {.type = TX_BODIES_BODY};
    return add(own, body, policy, number, &frame);
}

int tx_own_add_numbered(struct tx_own_records *own, struct tx_text body,
                        const struct tx_bodies_frame *frame) {
    return add(own, body, (struct tx_text){.p = NULL}, 0, frame);
}

uint64_t tx_own_done(const struct tx_own_records *own) {
    return own->done ? own->done->number : 0;
}

void tx_own_drop_done(struct tx_own_records *own) {
    struct tx_own_record *record = own->done;
    own->done = record->next;
    free(record);
}

static int send_one(struct tx_own_record *record, struct tx_link *link) {
    struct tx_bodies_frame policy = {
        .type = TX_BODIES_POLICY,
        .payload = {.p = record->text + record->n_body, .n = record->n_policy},
    };
    struct tx_buf body;

    if (record->n_policy) {
        int r = tx_link_send(link, &policy);
        if (r < 0)
            return r;
    }
    int r = tx_link_body_begin(link, &body);
    if (r < 0)
        return r;
    tx_buf_put(&body, record->text, record->n_body);
    record->ticket = tx_link_body_end(link, &record->frame, &body);
    return 0;
}

int tx_own_send(struct tx_own_records *own, struct tx_link *link) {
    while (own->unsent && tx_link_has_room(link)) {
        int r = send_one(own->unsent, link);
        if (r < 0)
            return r;
        own->unsent = own->unsent->next;
    }
    return 0;
}

void tx_own_settle(struct tx_own_records *own, uint64_t durable) {
    while (own->first && own->first != own->unsent && own->first->ticket < durable) {
        struct tx_own_record *record = own->first;
        own->first = record->next;
        own->n--;
        if (!record->number) {
            free(record);
            continue;
        }
        record->next = own->done; /* in no order: each is told of by its number */
        own->done = record;
    }
    if (!own->first)
        own->last = NULL;
}

void tx_own_restart(struct tx_own_records *own) {
    own->unsent = own->first;
}
