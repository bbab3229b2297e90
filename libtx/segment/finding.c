/* SPDX-License-Identifier: MIT */
#include "libtx/segment/finding.h"

#include <string.h>

static const struct {
    const char *name;
    enum tx_finding_class class;
} kinds[TX_FINDING_KINDS] = {
    [TX_FINDING_CHANGED] = {"changed", TX_CLASS_TAMPERED},
    [TX_FINDING_MALFORMED] = {"malformed", TX_CLASS_TAMPERED},
    [TX_FINDING_MISSING] = {"missing", TX_CLASS_TAMPERED},
    [TX_FINDING_REMOVED] = {"removed", TX_CLASS_TAMPERED},
    [TX_FINDING_INSERTED] = {"inserted", TX_CLASS_TAMPERED},
    [TX_FINDING_OUT_OF_ORDER] = {"out-of-order", TX_CLASS_TAMPERED},
    [TX_FINDING_CUT_OFF] = {"cut-off", TX_CLASS_TAMPERED},
    [TX_FINDING_FOREIGN] = {"foreign-segment", TX_CLASS_TAMPERED},
    [TX_FINDING_FORKED] = {"forked", TX_CLASS_TAMPERED},
    [TX_FINDING_SHRUNK] = {"shrunk", TX_CLASS_TAMPERED},
    [TX_FINDING_WRONG_KEY] = {"wrong-key", TX_CLASS_TRUST},
    [TX_FINDING_WRONG_EPOCH] = {"wrong-epoch", TX_CLASS_TRUST},
    [TX_FINDING_BROKEN_EPOCH] = {"broken-epoch", TX_CLASS_TRUST},
    [TX_FINDING_UNKNOWN_KEY] = {"unknown-key", TX_CLASS_TRUST},
    [TX_FINDING_UNREADABLE] = {"unreadable", TX_CLASS_UNDECIDED},
    [TX_FINDING_UNSUPPORTED] = {"unsupported", TX_CLASS_UNDECIDED},
    [TX_FINDING_UNSIGNED_TAIL] = {"unsigned-tail", TX_CLASS_INCOMPLETE},
    [TX_FINDING_MISSING_SEGMENT] = {"missing-segment", TX_CLASS_INCOMPLETE},
    [TX_FINDING_PRUNED] = {"pruned", TX_CLASS_INCOMPLETE},
    [TX_FINDING_MISSING_FILE] = {"missing-file", TX_CLASS_INCOMPLETE},
    [TX_FINDING_UNFINISHED] = {"unfinished", TX_CLASS_INCOMPLETE},
    [TX_FINDING_GIVEN_UP] = {"given-up", TX_CLASS_NOTE},
    [TX_FINDING_TIME_BACKWARDS] = {"time-backwards", TX_CLASS_NOTE},
    [TX_FINDING_ACCEPTED_BREAK] = {"accepted-break", TX_CLASS_NOTE},
    [TX_FINDING_CONTINUES] = {"continues", TX_CLASS_NOTE},
    [TX_FINDING_SET_ASIDE] = {"set-aside", TX_CLASS_NOTE},
    [TX_FINDING_DUPLICATE] = {"duplicate", TX_CLASS_NOTE},
    [TX_FINDING_TRUSTED_COPY] = {"trusted-copy", TX_CLASS_NOTE},
};

const char *tx_finding_name(enum tx_finding_kind kind) {
    return kinds[kind].name;
}

enum tx_finding_class tx_finding_class(enum tx_finding_kind kind) {
    return kinds[kind].class;
}

const char *tx_finding_class_name(enum tx_finding_class class) {
    static const char *const names[] = {"note", "incomplete", "undecided", "trust", "tampered"};
    return names[class];
}

int tx_finding_exit_code(enum tx_finding_class class) {
    static const int codes[] = {0, 5, 4, 6, 1};
    return codes[class];
}

struct tx_finding *tx_findings_add(struct tx_findings *findings, const struct tx_finding *finding) {
    if (findings->n == findings->cap && findings->cap < TX_FINDINGS_MAX) {
        size_t cap = findings->cap ? 2 * findings->cap : 8;
        cap = cap > TX_FINDINGS_MAX ? TX_FINDINGS_MAX : cap;
        struct tx_finding *items = realloc(findings->items, cap * sizeof(*items));
        if (items) {
            findings->items = items;
            findings->cap = cap;
        }
    }
    if (findings->n == findings->cap) {
        findings->n_more++;
        if (finding->class > findings->gravest_more)
            findings->gravest_more = finding->class;
        return NULL;
    }
    findings->items[findings->n] = *finding;
    return &findings->items[findings->n++];
}

void tx_findings_move(struct tx_findings *to, struct tx_findings *from) {
    for (size_t i = 0; i < from->n; i++)
        if (!from->items[i].withdrawn)
            (void)tx_findings_add(to, &from->items[i]);
    to->n_more += from->n_more;
    if (from->gravest_more > to->gravest_more)
        to->gravest_more = from->gravest_more;
    tx_findings_deinit(from);
}

enum tx_finding_class tx_findings_gravest(const struct tx_findings *findings) {
    enum tx_finding_class gravest = findings->gravest_more;
    for (size_t i = 0; i < findings->n; i++)
        if (!findings->items[i].withdrawn && findings->items[i].class > gravest)
            gravest = findings->items[i].class;
    return gravest;
}

void tx_findings_deinit(struct tx_findings *findings) {
    free(findings->items);
    *findings = (struct tx_findings){.items = NULL};
}

static bool is_event_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void tx_finding_take_event(struct tx_text line, char ret[TX_FINDING_EVENT_BYTES]) {
    static const char key[] = ",\"event\":\"";
    const char *at = line.n ? memmem(line.p, line.n, key, sizeof(key) - 1) : NULL;
    size_t n = 0;

    ret[0] = '\0';
    if (!at)
        return;
    at += sizeof(key) - 1;
    const char *end = line.p + line.n;
    while (at + n < end && n < TX_FINDING_EVENT_BYTES - 1 && is_event_char(at[n]))
        n++;
    if (at + n == end || n == 0)
        return;
    memcpy(ret, at, n);
    ret[n] = '\0';
}
