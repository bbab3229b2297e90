/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "libtx/mask/policy/masking-write.h"

/* --- settings --- */

static void put_line(struct tx_masking_writer *w, const char *name, const char *word) {
    tx_masking_write_indent(w, 0);
    tx_masking_write(w, name);
    tx_masking_write(w, ": ");
    tx_masking_write(w, word);
    tx_masking_write(w, "\n");
}

static void put_head(struct tx_masking_writer *w) {
    const struct tx_masking *masking = w->masking;

    tx_masking_write_indent(w, 0);
    tx_masking_write(w, "preset: ");
    if (masking->preset)
        tx_masking_write_quoted(w, masking->preset);
    else
        tx_masking_write(w, "none");
    tx_masking_write(w, "\n");
    tx_masking_write_indent(w, 0);
    tx_masking_write(w, "packs: [");
    for (size_t i = 0; i < masking->packs.n; i++) {
        tx_masking_write(w, i ? ", " : "");
        tx_masking_write_quoted(w, masking->packs.item[i]);
    }
    tx_masking_write(w, "]\n");
}

static void put_limits(struct tx_masking_writer *w) {
    const struct tx_masking *masking = w->masking;
    char bytes[32];

    tx_masking_write_indent(w, 0);
    tx_masking_write(w, "limits: {");
    snprintf(bytes, sizeof(bytes), "%lluB", (unsigned long long)masking->limits.field_bytes);
    tx_masking_write_word(w, "max_field", bytes);
    tx_masking_write_word(w, "oversize", masking->limits.redact_all ? "redact_all" : "redact_tail");
    tx_masking_write_number(w, "decode_depth", masking->limits.decode_depth);
    tx_masking_write_number(w, "max_json_depth", masking->limits.json_depth);
    tx_masking_write_number(w, "max_spans", masking->limits.spans);
    tx_masking_write_number(w, "regex_states", masking->limits.regex_states);
    tx_masking_write(w, "}\n");
    tx_masking_write_indent(w, 0);
    tx_masking_write(w, "normalise: {");
    tx_masking_write_bool(w, "nfkc_digits", masking->normalise.digits);
    tx_masking_write_bool(w, "strip_zero_width", masking->normalise.zero_width);
    tx_masking_write_bool(w, "confusables", masking->normalise.confusables);
    tx_masking_write(w, "}\n");
}

static void put_decode(struct tx_masking_writer *w) {
    static const char *const words[] = {"json", "percent", "base64", "hex"};
    bool first = true;

    tx_masking_write_indent(w, 0);
    tx_masking_write(w, "decode: [");
    for (size_t i = 0; i < TX_COUNT_OF(words); i++)
        if (w->masking->decode >> i & 1) {
            tx_masking_write(w, first ? "" : ", ");
            tx_masking_write(w, words[i]);
            first = false;
        }
    tx_masking_write(w, "]\n");
}

void tx_masking_write_settings(struct tx_masking_writer *w) {
    static const char *const on_error[] = {[TX_ON_ERROR_MASK_FIELD] = "mask_field",
                                           [TX_ON_ERROR_DROP_FIELD] = "drop_field",
                                           [TX_ON_ERROR_REJECT_RECORD] = "reject_record"};
    const struct tx_masking *masking = w->masking;

    put_head(w);
    put_line(w, "mode", masking->lockdown ? "lockdown" : masking->shadow ? "shadow" : "enforce");
    if (!w->is_policy && (!masking->preset || masking->shadow))
        put_line(w, "i_accept_unmasked", "true");
    put_line(w, "on_error", on_error[masking->on_error]);
    if (!w->is_policy)
        put_line(w, "on_bad_config", masking->refuse_bad_config ? "refuse" : "lockdown");
    put_limits(w);
    put_decode(w);
}

/* --- keys --- */

void tx_masking_write_keys(struct tx_masking_writer *w) {
    static const char *const sources[] = {[TX_KEY_INSTALLATION] = "installation",
                                          [TX_KEY_CREDENTIAL] = "credential",
                                          [TX_KEY_FILE] = "file"};

    tx_masking_write_indent(w, 0);
    tx_masking_write(w, "keys:\n");
    for (size_t i = 0; i < w->masking->n_keys; i++) {
        const struct tx_masking_key *key = &w->masking->keys[i];
        tx_masking_write_indent(w, 1);
        tx_masking_write_quoted(w, key->id);
        tx_masking_write(w, ": {");
        tx_masking_write_word(w, "source", sources[key->source]);
        tx_masking_write_text(w, key->source == TX_KEY_FILE ? "path" : "name", key->name);
        if (key->epoch_ns)
            tx_masking_write_span(w, "epoch", key->epoch_ns);
        else
            tx_masking_write_word(w, "epoch", "none");
        if (!w->is_policy && key->overlap_ns)
            tx_masking_write_span(w, "overlap", key->overlap_ns);
        tx_masking_write(w, "}\n");
    }
}

/* --- detectors --- */

static void put_validator(struct tx_masking_writer *w, const struct tx_masking_detector *detector) {
    static const char *const words[] = {[TX_VALID_NONE] = "none",
                                        [TX_VALID_LUHN] = "luhn",
                                        [TX_VALID_VERHOEFF] = "verhoeff",
                                        [TX_VALID_MOD97] = "mod97",
                                        [TX_VALID_MOD11_10] = "mod11_10"};
    char text[128];

    if (detector->validator != TX_VALID_CRC32_BASE62) {
        tx_masking_write_word(w, "validator", words[detector->validator]);
        return;
    }
    snprintf(text, sizeof(text), "{crc32_base62: {over: [%u, %u], check: [%u, %u]}}",
             detector->over_from, detector->over_to, detector->check_from, detector->check_to);
    tx_masking_write_word(w, "validator", text);
}

static void put_context(struct tx_masking_writer *w, const struct tx_masking_detector *detector) {
    if (detector->context.n == 0 && detector->exclude.n == 0)
        return;
    tx_masking_write_word(w, "context", "{");
    tx_masking_write_set(w, "words", &detector->context, NULL);
    tx_masking_write_set(w, "exclude", &detector->exclude, NULL);
    tx_masking_write_number(w, "before", detector->before);
    tx_masking_write_number(w, "after", detector->after);
    tx_masking_write_bool(w, "field_names", detector->field_names);
    tx_masking_write(w, "}");
}

static void put_examples(struct tx_masking_writer *w, const struct tx_masking_detector *detector) {
    if (w->is_policy || (detector->examples_true.n == 0 && detector->examples_false.n == 0))
        return;
    tx_masking_write_word(w, "examples", "{");
    tx_masking_write_list(w, "true", &detector->examples_true);
    tx_masking_write_list(w, "false", &detector->examples_false);
    tx_masking_write(w, "}");
}

static void put_detector(struct tx_masking_writer *w, const struct tx_masking_detector *detector) {
    const char *flags = detector->ignore_case && detector->whole_words ? "iw"
                        : detector->ignore_case                        ? "i"
                        : detector->whole_words                        ? "w"
                                                                       : NULL;
    tx_masking_write_indent(w, 1);
    tx_masking_write_quoted(w, detector->id);
    tx_masking_write(w, ": {");
    tx_masking_write_text(w, "regex", detector->regex);
    tx_masking_write_text(w, "literal", detector->required_literal);
    tx_masking_write_set(w, "literal", &detector->literals, NULL);
    if (flags)
        tx_masking_write_word(w, "flags", flags);
    if (detector->capture)
        tx_masking_write_number(w, "capture", detector->capture);
    put_validator(w, detector);
    if (detector->entropy > 0)
        tx_masking_write_double(w, "entropy", detector->entropy);
    put_context(w, detector);
    tx_masking_write_percent(w, "confidence", detector->confidence);
    put_examples(w, detector);
    tx_masking_write(w, "}\n");
}

void tx_masking_write_detectors(struct tx_masking_writer *w) {
    bool any = false;

    for (size_t i = 0; i < w->masking->n_detectors; i++) {
        const struct tx_masking_detector *detector = &w->masking->detectors[i];
        if (!w->is_policy && strchr(detector->id, '/'))
            continue; /* a rule's own regex */
        if (!any) {
            tx_masking_write_indent(w, 0);
            tx_masking_write(w, "detectors:\n");
        }
        any = true;
        put_detector(w, detector);
    }
}

/* --- allows --- */

static void put_cidrs(struct tx_masking_writer *w, const struct tx_masking_allow *allow) {
    if (allow->n_cidrs == 0)
        return;
    _cleanup_(tx_freep) struct tx_bytes *texts = calloc(allow->n_cidrs, sizeof(*texts));
    if (!texts) {
        w->failed = -ENOMEM;
        return;
    }
    for (size_t i = 0; i < allow->n_cidrs; i++) {
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        const struct tx_masking_cidr *cidr = &allow->cidrs[i];
        bool v4 = cidr->bits >= 96 && memcmp(cidr->address, mapped, sizeof(mapped)) == 0;
        char address[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];
        inet_ntop(v4 ? AF_INET : AF_INET6, cidr->address + (v4 ? 12 : 0), address, sizeof(address));
        int n =
            snprintf(text, sizeof(text), "\"%s/%u\"", address, v4 ? cidr->bits - 96u : cidr->bits);
        if (tx_bytes_append(&texts[i], text, (size_t)n) < 0)
            w->failed = -ENOMEM;
    }
    tx_masking_write_sorted(w, "cidr", texts, allow->n_cidrs);
}

static void put_allow(struct tx_masking_writer *w, const struct tx_masking_allow *allow) {
    tx_masking_write_indent(w, 1);
    tx_masking_write(w, "- {");
    tx_masking_write_text(w, "name", allow->name);
    if (allow->detectors.n)
        tx_masking_write_set(w, "detector", &allow->detectors, NULL);
    else
        tx_masking_write_word(w, "detector", "any");
    tx_masking_write_set(w, "values", &allow->values, NULL);
    tx_masking_write_set(w, "sha256", &allow->sha256, NULL);
    put_cidrs(w, allow);
    tx_masking_write_set(w, "domains", &allow->domains, NULL);
    if (allow->public_test_pans)
        tx_masking_write_word(w, "preset", "public-test-pans");
    tx_masking_write_text(w, "regex", allow->regex);
    tx_masking_write_set(w, "events", &allow->events, tx_masking_canonical_event);
    tx_masking_write_set(w, "fields", &allow->fields, tx_masking_canonical_field);
    tx_masking_write_text(w, "reason", allow->reason);
    tx_masking_write_text(w, "approved_by", allow->approved_by);
    tx_masking_write_time(w, "expires", allow->expires);
    tx_masking_write(w, "}\n");
}

void tx_masking_write_allows(struct tx_masking_writer *w) {
    if (w->masking->n_allows == 0)
        return;
    tx_masking_write_indent(w, 0);
    tx_masking_write(w, "allow:\n");
    for (size_t i = 0; i < w->masking->n_allows; i++)
        put_allow(w, &w->masking->allows[i]);
}

/* --- tests --- */

static void put_pairs(struct tx_masking_writer *w, const char *name,
                      const struct tx_masking_pair *pairs, size_t n) {
    if (n == 0)
        return;
    tx_masking_write_word(w, name, "{");
    for (size_t i = 0; i < n; i++) {
        tx_masking_write_key(w, pairs[i].name);
        if (pairs[i].is_null)
            tx_masking_write(w, "null");
        else if (pairs[i].type == TX_TYPE_STRING)
            tx_masking_write_quoted(w, pairs[i].value);
        else
            tx_masking_write(w, pairs[i].value);
    }
    tx_masking_write(w, "}");
}

static void put_test(struct tx_masking_writer *w, const struct tx_masking_test *test) {
    tx_masking_write_indent(w, 1);
    tx_masking_write(w, "- {");
    tx_masking_write_text(w, "event", test->event);
    tx_masking_write_word(w, "sender", "{");
    tx_masking_write_number(w, "uid", test->uid);
    tx_masking_write_number(w, "gid", test->gid);
    tx_masking_write_text(w, "unit", test->unit);
    tx_masking_write_text(w, "exe", test->exe);
    tx_masking_write(w, "}");
    put_pairs(w, "in", test->in, test->n_in);
    put_pairs(w, "out", test->out, test->n_out);
    put_pairs(w, "out_regex", test->out_regex, test->n_out_regex);
    if (test->dropped)
        tx_masking_write_bool(w, "dropped", true);
    tx_masking_write(w, "}\n");
}

void tx_masking_write_tests(struct tx_masking_writer *w) {
    if (w->masking->n_tests == 0)
        return;
    tx_masking_write_indent(w, 0);
    tx_masking_write(w, "tests:\n");
    for (size_t i = 0; i < w->masking->n_tests; i++)
        put_test(w, &w->masking->tests[i]);
}
