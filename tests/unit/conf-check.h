/* SPDX-License-Identifier: MIT */
#ifndef TX_TESTS_CONF_CHECK_H
#define TX_TESTS_CONF_CHECK_H

/*
 * Parsing a configuration that stands in a test.
 */

#include <check.h>
#include <string.h>

#include "libtx/conf/conf.h"

static inline int parse(const char *text, struct tx_bytes *errors, struct tx_conf **ret) {
    int r = tx_conf_parse("/etc/t.yaml", (struct tx_text){text, strlen(text)}, errors, ret);
    ck_assert_int_eq(tx_bytes_append(errors, "", 1), 0); /* to be printed */
    return r;
}

static inline struct tx_conf *parse_ok(const char *text) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_conf *conf = NULL;
    int r = parse(text, &errors, &conf);
    ck_assert_msg(r == 0, "%s\n%s", text, (char *)errors.data);
    ck_assert_uint_eq(errors.len, 1);
    return conf;
}

static inline char *render(const struct tx_conf *conf) {
    struct tx_bytes b = TX_BYTES_INIT;
    ck_assert_int_eq(tx_conf_render(conf, &b), 0);
    ck_assert_int_eq(tx_bytes_append(&b, "", 1), 0);
    return (char *)b.data;
}

/* Each key with another value than its default. */
static const char every_key[] =
    "version: 1\n"
    "user: audit\n"
    "socket: {path: a.sock, mode: \"0660\"}\n"
    "control: {path: /c.sock, mode: \"600\"}\n"
    "state_dir: state\n"
    "log:\n"
    "  dir: log\n"
    "  origin: web1.example/audit\n"
    "  hash: sha256\n"
    "  segment: {max_bytes: 1MiB, max_age: 2h, compress: none}\n"
    "  commit_interval: 0s\n"
    "  checkpoint_interval: 1s\n"
    "  heartbeat: off\n"
    "  retain: {max_age: 90d, max_bytes: 1GiB}\n"
    "  space: {warn: 100MiB, warn_action: log, low: 7%, low_action: prune, reserve: off}\n"
    "  on_disk_full: prune\n"
    "  on_disk_error: halt\n"
    "keys: {dir: keys, epoch: 1min, epoch_records: 10}\n"
    "streams:\n"
    "  trace:\n"
    "    from: {trace_lane: [\"function.**\", span], audit_lane: \"debug.{a,b}\"}\n"
    "    dir: tr\n"
    "    keys_dir: trk\n"
    "    origin: web1.example/functions\n"
    "    segment: {max_bytes: 2MiB, max_age: 3h, compress: none}\n"
    "    commit_interval: 7ms\n"
    "    checkpoint_interval: 2s\n"
    "    heartbeat: 1min\n"
    "    retain: {max_age: off, max_bytes: 3GiB}\n"
    "    space: {low: 1MiB, low_action: record}\n"
    "    journald: true\n"
    "masking:\n"
    "  preset: none\n"
    "  i_accept_unmasked: true\n"
    "  rules:\n"
    "    - id: pan\n"
    "      match: {events: [\"pay.**\", order.*], fields: \"card*\", labels: [pii, secret]}\n"
    "      action: {mask: {keep_first: 6, keep_last: 4}}\n"
    "    - {id: quote, match: {fields: ['a\"\\b']}, action: drop_field}\n"
    "    - {id: found, match: {detect: [email, credit_card]}, action: pseudonym}\n"
    "    - {id: stars, match: {fields: [x]}, action: mask}\n"
    "    - {id: whole, match: {events: [debug.**]}, action: drop_record}\n"
    "forward: {journald: {enabled: false, min_severity: warning}}\n";

#endif
