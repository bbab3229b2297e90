/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/masking.h"

#include <assert.h>
#include <stdlib.h>

static void free_list(struct tx_masking_list *list) {
    for (size_t i = 0; i < list->n; i++)
        free(list->item[i]);
    free(list->item);
}

static void free_matches(struct tx_masking_match *matches, size_t n) {
    for (size_t i = 0; i < n; i++)
        tx_masking_match_deinit(&matches[i]);
    free(matches);
}

/* The reader bounds how deep they are nested. */
void tx_masking_match_deinit(struct tx_masking_match *match) {
    free_list(&match->events);
    free_list(&match->fields);
    free_list(&match->keys);
    free_list(&match->detectors);
    free_list(&match->sender.units);
    free_list(&match->sender.exes);
    free(match->sender.uids.id);
    free(match->sender.gids.id);
    free_matches(match->all, match->n_all);
    free_matches(match->any, match->n_any);
    free_matches(match->none, match->n_none);
}

static void free_action(struct tx_masking_action *action) {
    switch (action->kind) {
    case TX_ACTION_REPLACE:
        free(action->replace.text);
        break;
    case TX_ACTION_BUCKET:
        free(action->bucket.edges);
        break;
    case TX_ACTION_URL:
        free_list(&action->url.query_keep);
        break;
    case TX_ACTION_KEEP_ONLY:
        free_list(&action->keep_only.keys);
        break;
    case TX_ACTION_COMMIT:
        free(action->commit.key);
        break;
    case TX_ACTION_PSEUDONYM:
        free(action->pseudonym.key);
        free(action->pseudonym.domain);
        break;
    case TX_ACTION_ENCRYPT:
        free(action->encrypt.subject);
        free(action->encrypt.also_index);
        break;
    default:
        break;
    }
}

void tx_masking_rule_deinit(struct tx_masking_rule *rule) {
    free(rule->id);
    tx_masking_match_deinit(&rule->match);
    free_action(&rule->action);
    free(rule->reason);
    free(rule->approved_by);
    free_list(&rule->replaces);
}

static void free_detector(struct tx_masking_detector *detector) {
    free(detector->id);
    free(detector->regex);
    free_list(&detector->literals);
    free(detector->required_literal);
    free_list(&detector->context);
    free_list(&detector->exclude);
    free_list(&detector->examples_true);
    free_list(&detector->examples_false);
}

static void free_allow(struct tx_masking_allow *allow) {
    free(allow->name);
    free_list(&allow->detectors);
    free_list(&allow->values);
    free_list(&allow->sha256);
    free_list(&allow->domains);
    free(allow->cidrs);
    free(allow->regex);
    free_list(&allow->events);
    free_list(&allow->fields);
    free(allow->reason);
    free(allow->approved_by);
}

static void free_pairs(struct tx_masking_pair *pairs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free(pairs[i].name);
        free(pairs[i].value);
    }
    free(pairs);
}

static void free_test(struct tx_masking_test *test) {
    free(test->event);
    free(test->unit);
    free(test->exe);
    free_pairs(test->in, test->n_in);
    free_pairs(test->out, test->n_out);
    free_pairs(test->out_regex, test->n_out_regex);
}

void tx_masking_deinit(struct tx_masking *masking) {
    for (size_t i = 0; i < masking->n_keys; i++) {
        free(masking->keys[i].id);
        free(masking->keys[i].name);
    }
    for (size_t i = 0; i < masking->n_detectors; i++)
        free_detector(&masking->detectors[i]);
    for (size_t i = 0; i < masking->n_allows; i++)
        free_allow(&masking->allows[i]);
    for (size_t i = 0; i < masking->n_rules; i++)
        tx_masking_rule_deinit(&masking->rules[i]);
    for (size_t i = 0; i < masking->n_tests; i++)
        free_test(&masking->tests[i]);
    free(masking->preset);
    free_list(&masking->packs);
    free(masking->keys);
    free(masking->detectors);
    free(masking->allows);
    free(masking->rules);
    free(masking->tests);
    *masking = (struct tx_masking){.preset = NULL};
}

bool tx_masking_encrypts(const struct tx_masking *masking) {
    for (size_t i = 0; i < masking->n_rules; i++)
        if (masking->rules[i].action.kind == TX_ACTION_ENCRYPT && !masking->rules[i].shadow)
            return true;
    return false;
}

const char *tx_masking_action_name(enum tx_masking_action_kind kind) {
    static const char *const names[TX_ACTION_N] = {
        [TX_ACTION_ALLOW] = "allow",
        [TX_ACTION_REPLACE] = "replace",
        [TX_ACTION_MASK] = "mask",
        [TX_ACTION_IP] = "ip",
        [TX_ACTION_DATE] = "date",
        [TX_ACTION_BUCKET] = "bucket",
        [TX_ACTION_ROUND] = "round",
        [TX_ACTION_URL] = "url",
        [TX_ACTION_KEEP_ONLY] = "keep_only",
        [TX_ACTION_COMMIT] = "commit",
        [TX_ACTION_PSEUDONYM] = "pseudonym",
        [TX_ACTION_ENCRYPT] = "encrypt",
        [TX_ACTION_REDACT] = "redact",
        [TX_ACTION_DROP_FIELD] = "drop_field",
        [TX_ACTION_DROP_RECORD] = "drop_record",
    };
    assert(kind < TX_ACTION_N);
    return names[kind];
}
