/* SPDX-License-Identifier: MIT */
#include "libtx/conf/masking-lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/mask/policy/masking-cover.h"

#define DAY (86400 * INT64_C(1000000000))
#define SOON (30 * DAY)
#define MESSAGE_BYTES 2048

struct lint {
    const struct tx_masking *masking;
    const char *name;
    int64_t now;
    struct tx_bytes *text;
    size_t n;
    int failed;
};

static void warn(struct lint *lint, size_t line, const char *format, ...) TX_PRINTF(3, 4);
static void warn(struct lint *lint, size_t line, const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;

    int n = line ? snprintf(message, sizeof(message), "%s:%zu: warning: ", lint->name, line)
                 : snprintf(message, sizeof(message), "%s: warning: ", lint->name);
    size_t used = n < 0 || n >= (int)sizeof(message) ? 0 : (size_t)n;
    va_start(args, format);
    n = vsnprintf(message + used, sizeof(message) - used, format, args);
    va_end(args);
    used += n < 0 ? 0 : (size_t)n;
    if (used > sizeof(message) - 1)
        used = sizeof(message) - 1;
    message[used++] = '\n';
    int r = tx_bytes_append(lint->text, message, used);
    if (r < 0)
        lint->failed = r;
    lint->n++;
}

static bool is_of_file(const struct tx_masking_rule *rule) {
    return rule->source == TX_FROM_FILE;
}

/* --- rules --- */

static bool is_replaced(const struct tx_masking *masking, const char *id) {
    for (size_t i = 0; i < masking->n_rules; i++)
        for (size_t k = 0; k < masking->rules[i].replaces.n; k++)
            if (strcmp(masking->rules[i].replaces.item[k], id) == 0)
                return true;
    return false;
}

/* Wherever `loser` claims something, `winner` claims it more strictly, or as strictly and before.
 */
static bool beats(const struct lint *lint, size_t winner, size_t loser) {
    const struct tx_masking_rule *w = &lint->masking->rules[winner];
    const struct tx_masking_rule *l = &lint->masking->rules[loser];

    if (w->shadow || w->action.kind == TX_ACTION_ALLOW || (l->locked && !w->locked))
        return false;
    if (w->action.kind < l->action.kind || (w->action.kind == l->action.kind && winner > loser))
        return false;
    return !is_replaced(lint->masking, w->id) && tx_masking_covers(&w->match, &l->match);
}

static void lint_never_wins(struct lint *lint, size_t i) {
    const struct tx_masking_rule *rule = &lint->masking->rules[i];

    if (rule->shadow || rule->action.kind == TX_ACTION_DROP_RECORD)
        return;
    for (size_t k = 0; k < lint->masking->n_rules; k++) {
        const struct tx_masking_rule *other = &lint->masking->rules[k];
        if (k == i)
            continue;
        if (other->action.kind == TX_ACTION_DROP_RECORD && !other->shadow &&
            tx_masking_covers(&other->match, &rule->match)) {
            warn(lint, rule->line, "rule '%s' is for records that '%s' drops anyway", rule->id,
                 other->id);
            return;
        }
        if (rule->action.kind != TX_ACTION_ALLOW && beats(lint, k, i)) {
            warn(lint, rule->line,
                 "rule '%s' never wins: '%s' claims all that it would, more "
                 "strictly or before it",
                 rule->id, other->id);
            return;
        }
    }
}

/* What is stricter in its place is what it is replaced for. */
static void lint_replaces(struct lint *lint, const struct tx_masking_rule *rule) {
    for (size_t k = 0; k < rule->replaces.n; k++)
        for (size_t i = 0; i < lint->masking->n_rules; i++) {
            const struct tx_masking_rule *given = &lint->masking->rules[i];
            if (strcmp(given->id, rule->replaces.item[k]) == 0 &&
                rule->action.kind < given->action.kind &&
                tx_masking_covers(&rule->match, &given->match))
                warn(lint, rule->line,
                     "rule '%s' replaces '%s' everywhere: nothing is left of that one", rule->id,
                     given->id);
        }
}

static const struct tx_masking_key *find_key(const struct tx_masking *masking, const char *id) {
    for (size_t i = 0; id && i < masking->n_keys; i++)
        if (strcmp(masking->keys[i].id, id) == 0)
            return &masking->keys[i];
    return NULL;
}

static void lint_pseudonym(struct lint *lint, const struct tx_masking_rule *rule) {
    if (rule->action.kind != TX_ACTION_PSEUDONYM || rule->action.pseudonym.scope != TX_SCOPE_DOMAIN)
        return;
    const struct tx_masking_key *key = find_key(lint->masking, rule->action.pseudonym.key);
    if (key && key->epoch_ns == 0)
        warn(lint, rule->line,
             "rule '%s' makes pseudonyms that can be joined for ever and across all events: give "
             "the key '%s' an epoch, or the pseudonym a scope",
             rule->id, key->id);
}

/* --- dates --- */

static void lint_date(struct lint *lint, size_t line, const char *what, const char *name,
                      int64_t expires) {
    char text[40];
    struct tx_buf b = tx_buf_of(text, sizeof(text));

    if (expires == 0 || expires > lint->now + SOON)
        return;
    tx_buf_time(&b, expires);
    tx_buf_char(&b, '\0');
    if (expires <= lint->now)
        warn(lint, line, "%s '%s' has expired on %.10s and does nothing: remove it", what, name,
             text);
    else
        warn(lint, line, "%s '%s' expires on %.10s, within 30 days", what, name, text);
}

/* --- allows --- */

static bool lists_meet(const struct tx_masking_list *a, const struct tx_masking_list *b) {
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (strcmp(a->item[i], b->item[k]) == 0)
                return true;
    return false;
}

static bool networks_meet(const struct tx_masking_allow *a, const struct tx_masking_allow *b) {
    for (size_t i = 0; i < a->n_cidrs; i++)
        for (size_t k = 0; k < b->n_cidrs; k++) {
            const struct tx_masking_cidr *x = &a->cidrs[i], *y = &b->cidrs[k];
            unsigned bits = x->bits < y->bits ? x->bits : y->bits, bit = 0;
            while (bit < bits &&
                   !((x->address[bit / 8] ^ y->address[bit / 8]) >> (7 - bit % 8) & 1))
                bit++;
            if (bit == bits)
                return true;
        }
    return false;
}

static void lint_overlap(struct lint *lint, const struct tx_masking_allow *a,
                         const struct tx_masking_allow *b) {
    bool detectors =
        a->detectors.n == 0 || b->detectors.n == 0 || lists_meet(&a->detectors, &b->detectors);
    bool values = lists_meet(&a->values, &b->values) || lists_meet(&a->sha256, &b->sha256) ||
                  lists_meet(&a->domains, &b->domains) || networks_meet(a, b) ||
                  (a->public_test_pans && b->public_test_pans);
    bool events = a->events.n == 0 || b->events.n == 0 || lists_meet(&a->events, &b->events);
    bool fields = a->fields.n == 0 || b->fields.n == 0 || lists_meet(&a->fields, &b->fields);

    if (detectors && values && events && fields)
        warn(lint, b->line, "allow '%s' and '%s' in line %zu let the same values through", b->name,
             a->name, a->line);
}

/* Detectors whose findings a locked rule claims wherever they stand. */
static bool all_locked(const struct tx_masking *masking, const struct tx_masking_allow *allow) {
    struct tx_masking_match found = {.detectors = allow->detectors};

    for (size_t i = 0; allow->detectors.n && i < masking->n_rules; i++)
        if (masking->rules[i].locked && !masking->rules[i].shadow &&
            tx_masking_covers(&masking->rules[i].match, &found))
            return true;
    return false;
}

static void lint_allows(struct lint *lint) {
    const struct tx_masking *masking = lint->masking;

    for (size_t i = 0; i < masking->n_allows; i++) {
        const struct tx_masking_allow *allow = &masking->allows[i];
        lint_date(lint, allow->line, "allow", allow->name, allow->expires);
        for (size_t k = 0; k < i; k++)
            lint_overlap(lint, &masking->allows[k], allow);
        if (all_locked(masking, allow))
            warn(lint, allow->line,
                 "allow '%s' does nothing: a locked rule claims what its "
                 "detectors find",
                 allow->name);
    }
}

/* --- what nobody uses --- */

static bool uses_key(const struct tx_masking_action *action, const char *id) {
    const char *key = action->kind == TX_ACTION_PSEUDONYM ? action->pseudonym.key
                      : action->kind == TX_ACTION_COMMIT  ? action->commit.key
                      : action->kind == TX_ACTION_ENCRYPT ? action->encrypt.also_index
                                                          : NULL;
    return key && strcmp(key, id) == 0;
}

static void lint_unused(struct lint *lint) {
    const struct tx_masking *masking = lint->masking;

    for (size_t i = 1; i < masking->n_keys; i++) {
        size_t k = 0;
        while (k < masking->n_rules && !uses_key(&masking->rules[k].action, masking->keys[i].id))
            k++;
        if (k == masking->n_rules)
            warn(lint, 0, "no rule uses the key '%s': presets use '%s'", masking->keys[i].id,
                 TX_MASKING_DEFAULT_KEY);
    }
    for (size_t i = 0; i < masking->n_detectors; i++) {
        const struct tx_masking_detector *detector = &masking->detectors[i];
        const struct tx_masking_list own = {.n = 1, .item = (char *[]){detector->id}};
        size_t k = 0;
        while (k < masking->n_rules && !lists_meet(&masking->rules[k].match.detectors, &own))
            k++;
        if (k == masking->n_rules)
            warn(lint, detector->line, "no rule uses the detector '%s'", detector->id);
        if (!strchr(detector->id, '/') && detector->examples_true.n == 0)
            warn(lint, detector->line, "the detector '%s' has no examples of what it finds",
                 detector->id);
    }
}

int tx_conf_masking_lint(const struct tx_masking *masking, const char *name, int64_t now,
                         struct tx_bytes *text, size_t *ret_n) {
    struct lint lint = {.masking = masking, .name = name, .now = now, .text = text};

    for (size_t i = 0; i < masking->n_rules && is_of_file(&masking->rules[i]); i++) {
        const struct tx_masking_rule *rule = &masking->rules[i];
        lint_never_wins(&lint, i);
        lint_replaces(&lint, rule);
        lint_pseudonym(&lint, rule);
        lint_date(&lint, rule->line, "rule", rule->id, rule->expires);
    }
    lint_allows(&lint);
    lint_unused(&lint);
    *ret_n = lint.n;
    return lint.failed;
}
