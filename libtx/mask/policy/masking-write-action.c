/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/masking-write.h"

static void put_mask(struct tx_masking_writer *w, const struct tx_masking_action *action) {
    tx_masking_write_number(w, "keep_first", action->mask.keep_first);
    tx_masking_write_number(w, "keep_last", action->mask.keep_last);
    tx_masking_write_text(w, "char", action->mask.character);
    tx_masking_write_number(w, "min_hidden", action->mask.min_hidden);
    tx_masking_write_number(w, "fixed_length", action->mask.fixed_length);
    tx_masking_write_bool(w, "keep_separators", action->mask.keep_separators);
}

static void put_bucket(struct tx_masking_writer *w, const struct tx_masking_action *action) {
    if (action->bucket.n_edges == 0) {
        tx_masking_write_double(w, "width", action->bucket.width);
        return;
    }
    tx_masking_write_word(w, "edges", "[");
    for (size_t i = 0; i < action->bucket.n_edges; i++)
        tx_masking_write_edge(w, action->bucket.edges[i], i == 0);
    tx_masking_write(w, "]");
}

static void put_url(struct tx_masking_writer *w, const struct tx_masking_action *action) {
    static const char *const words[] = {
        [TX_URL_KEEP] = "keep", [TX_URL_DROP] = "drop", [TX_URL_REDACT] = "redact"};

    tx_masking_write_word(w, "userinfo", words[action->url.userinfo]);
    tx_masking_write_word(w, "query", "{");
    tx_masking_write_set(w, "keep", &action->url.query_keep, NULL);
    tx_masking_write_word(w, "others", words[action->url.query]);
    tx_masking_write(w, "}");
    tx_masking_write_word(w, "fragment", words[action->url.fragment]);
    tx_masking_write_word(w, "path_ids", action->url.path_ids ? "template" : "keep");
}

static void put_pseudonym(struct tx_masking_writer *w, const struct tx_masking_action *action) {
    static const char *const scopes[] = {[TX_SCOPE_DOMAIN] = "domain",
                                         [TX_SCOPE_DETECTOR] = "detector",
                                         [TX_SCOPE_FIELD] = "field",
                                         [TX_SCOPE_EVENT] = "event"};

    tx_masking_write_text(w, "key", action->pseudonym.key);
    tx_masking_write_text(w, "domain", action->pseudonym.domain);
    tx_masking_write_word(w, "scope", scopes[action->pseudonym.scope]);
    tx_masking_write_bool(w, "canonical", action->pseudonym.canonical);
    tx_masking_write_number(w, "bits", action->pseudonym.bits);
    tx_masking_write_word(w, "encoding", action->pseudonym.hex ? "hex" : "base32");
    tx_masking_write_bool(w, "keep_domain", action->pseudonym.keep_domain);
}

static void put_settings(struct tx_masking_writer *w, const struct tx_masking_action *action) {
    static const char *const dates[] = {
        [TX_DATE_YEAR] = "year", [TX_DATE_MONTH] = "month", [TX_DATE_WEEK] = "week"};

    switch (action->kind) {
    case TX_ACTION_MASK:
        put_mask(w, action);
        break;
    case TX_ACTION_IP:
        tx_masking_write_number(w, "v4_prefix", action->ip.v4_prefix);
        tx_masking_write_number(w, "v6_prefix", action->ip.v6_prefix);
        break;
    case TX_ACTION_DATE:
        tx_masking_write_word(w, "to", dates[action->date.to]);
        break;
    case TX_ACTION_BUCKET:
        put_bucket(w, action);
        break;
    case TX_ACTION_ROUND:
        tx_masking_write_number(w, "digits", action->round.digits);
        break;
    case TX_ACTION_URL:
        put_url(w, action);
        break;
    case TX_ACTION_KEEP_ONLY:
        tx_masking_write_set(w, "keys", &action->keep_only.keys, NULL);
        break;
    case TX_ACTION_COMMIT:
        tx_masking_write_text(w, "key", action->commit.key);
        break;
    case TX_ACTION_PSEUDONYM:
        put_pseudonym(w, action);
        break;
    case TX_ACTION_ENCRYPT:
        tx_masking_write_text(w, "subject", action->encrypt.subject);
        tx_masking_write_text(w, "also_index", action->encrypt.also_index);
        break;
    default:
        break;
    }
}

void tx_masking_write_action(struct tx_masking_writer *w, const struct tx_masking_action *action) {
    const char *name = tx_masking_action_name(action->kind);

    switch (action->kind) {
    case TX_ACTION_ALLOW:
    case TX_ACTION_REDACT:
    case TX_ACTION_DROP_FIELD:
    case TX_ACTION_DROP_RECORD:
        tx_masking_write(w, name);
        return;
    case TX_ACTION_REPLACE:
        tx_masking_write(w, "{");
        tx_masking_write_text(w, name, action->replace.text);
        break;
    default:
        tx_masking_write(w, "{");
        tx_masking_write_word(w, name, "{");
        put_settings(w, action);
        tx_masking_write(w, "}");
        break;
    }
    tx_masking_write(w, "}");
}
