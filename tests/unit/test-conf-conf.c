/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf-check.h"
#include "libtx/base/file.h"
#include "libtx/conf/schema.h"
#include "libtx/conf/value.h"

#define SHIPPED TX_TEST_VECTORS "/../../config/tracex.yaml"
#define MANUAL TX_TEST_VECTORS "/../../docs/configuration.md"

START_TEST(a_file_with_a_version_has_every_default) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok("version: 1\n");
    ck_assert_ptr_null(conf->user);
    ck_assert_str_eq(conf->socket_path, "/run/tracex/audit.sock");
    ck_assert_uint_eq(conf->socket_mode, 0666);
    ck_assert_str_eq(conf->control_path, "/run/tracex/control.sock");
    ck_assert_uint_eq(conf->control_mode, 0600);
    ck_assert_str_eq(conf->state_dir, "/var/lib/tracex/state");
    ck_assert_str_eq(conf->streams[TX_STREAM_AUDIT].log_dir, "/var/log/tracex/audit");
    ck_assert(conf->streams[TX_STREAM_AUDIT].origin_is_default);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].segment_max_bytes, 64u << 20);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].segment_max_age_ns, INT64_C(86400000000000));
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].segment_compress, TX_COMPRESS_ZSTD);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].commit_interval_ns, 5000000);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].checkpoint_interval_ns, 100000000);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].heartbeat_interval_ns, INT64_C(300000000000));
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].retain_max_age_ns, 0);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].retain_max_bytes, 0);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].space_warn, TX_CONF_SHARE | 5);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].space_low, TX_CONF_SHARE | 1);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].space_low_action, TX_SPACE_RECORD);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].space_reserve, 8u << 20);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].on_disk_full, TX_DISK_BLOCK);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].on_disk_error, TX_DISK_BLOCK);
    ck_assert_str_eq(conf->streams[TX_STREAM_AUDIT].keys_dir, "/var/lib/tracex/keys");
    ck_assert_int_eq(conf->epoch_ns, INT64_C(900000000000));
    ck_assert_uint_eq(conf->epoch_records, 1000000);
    ck_assert_str_eq(conf->masking.preset, "secure-default@1");
    ck_assert_uint_gt(conf->masking.n_rules, 0);
    ck_assert(conf->streams[TX_STREAM_AUDIT].journald_enabled);
    ck_assert_int_eq(conf->journald_min_severity, TX_SEVERITY_DEBUG);
}
END_TEST

START_TEST(every_key_is_read) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok(every_key);
    ck_assert_str_eq(conf->user, "audit");
    ck_assert_str_eq(conf->socket_path, "/etc/a.sock");
    ck_assert_uint_eq(conf->socket_mode, 0660);
    ck_assert_str_eq(conf->control_path, "/c.sock");
    ck_assert_str_eq(conf->state_dir, "/etc/state");
    ck_assert_str_eq(conf->streams[TX_STREAM_AUDIT].origin, "web1.example/audit");
    ck_assert(!conf->streams[TX_STREAM_AUDIT].origin_is_default);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].segment_max_bytes, 1u << 20);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].segment_compress, TX_COMPRESS_NONE);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].commit_interval_ns, 0);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].heartbeat_interval_ns, 0);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].retain_max_age_ns,
                     INT64_C(90) * 86400 * 1000000000);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].retain_max_bytes, 1u << 30);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].space_warn, 100u << 20);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].space_warn_action, TX_SPACE_LOG);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].space_low, TX_CONF_SHARE | 7);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].space_low_action, TX_SPACE_PRUNE);
    ck_assert_uint_eq(conf->streams[TX_STREAM_AUDIT].space_reserve, 0);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].on_disk_full, TX_DISK_PRUNE);
    ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].on_disk_error, TX_DISK_HALT);
    ck_assert_uint_eq(conf->epoch_records, 10);
    ck_assert(!conf->streams[TX_STREAM_AUDIT].journald_enabled);
    ck_assert_int_eq(conf->journald_min_severity, TX_SEVERITY_WARNING);
}
END_TEST

static struct tx_text text_of(const char *text) {
    return (struct tx_text){text, strlen(text)};
}

START_TEST(the_log_of_trace_events_is_bounded_and_beside_the_other) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf =
        parse_ok("version: 1\nlog: {origin: web1.example/audit}\n");
    const struct tx_stream *trace = &conf->streams[TX_STREAM_TRACE];
    ck_assert_str_eq(trace->log_dir, "/var/log/tracex/trace");
    ck_assert_str_eq(trace->keys_dir, "/var/lib/tracex/keys-trace");
    ck_assert_str_eq(trace->origin, "web1.example/trace");
    ck_assert(trace->origin_is_default);
    ck_assert_int_eq(trace->retain_max_age_ns, INT64_C(14) * 86400 * 1000000000);
    ck_assert_uint_eq(trace->retain_max_bytes, 1u << 30);
    ck_assert_uint_eq(trace->space_low, TX_CONF_SHARE | 10);
    ck_assert_int_eq(trace->space_low_action, TX_SPACE_PRUNE);
    ck_assert_int_eq(trace->on_disk_full, TX_DISK_DROP);
    ck_assert_int_eq(trace->on_disk_error, TX_DISK_BLOCK);
    ck_assert_uint_eq(trace->space_reserve, 0);
    ck_assert(!trace->journald_enabled);
}
END_TEST

START_TEST(its_directories_never_are_those_of_another_daemon) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf =
        parse_ok("version: 1\nlog: {dir: /a/one/, origin: one}\nkeys: {dir: /k}\n");
    const struct tx_stream *trace = &conf->streams[TX_STREAM_TRACE];
    ck_assert_str_eq(trace->log_dir, "/a/one-trace");
    ck_assert_str_eq(trace->keys_dir, "/k-trace");
    ck_assert_str_eq(trace->origin, "one/trace");
}
END_TEST

START_TEST(its_keys_are_read) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok(every_key);
    const struct tx_stream *trace = &conf->streams[TX_STREAM_TRACE];
    ck_assert_str_eq(trace->log_dir, "/etc/tr");
    ck_assert_str_eq(trace->keys_dir, "/etc/trk");
    ck_assert_str_eq(trace->origin, "web1.example/functions");
    ck_assert(!trace->origin_is_default);
    ck_assert_uint_eq(trace->segment_max_bytes, 2u << 20);
    ck_assert_int_eq(trace->segment_compress, TX_COMPRESS_NONE);
    ck_assert_int_eq(trace->commit_interval_ns, 7000000);
    ck_assert_int_eq(trace->heartbeat_interval_ns, INT64_C(60000000000));
    ck_assert_int_eq(trace->retain_max_age_ns, 0);
    ck_assert_int_eq(trace->space_low_action, TX_SPACE_RECORD);
    ck_assert_int_eq(trace->on_disk_full, TX_DISK_DROP);
    ck_assert(trace->journald_enabled);
    ck_assert_uint_eq(trace->from[TX_LANE_TRACE].n, 2);
    ck_assert_uint_eq(trace->from[TX_LANE_AUDIT].n, 2);
    ck_assert_str_eq(trace->from[TX_LANE_AUDIT].item[1], "debug.b");
}
END_TEST

START_TEST(a_record_goes_where_lane_and_event_say) {
    _cleanup_(tx_conf_freep) struct tx_conf *defaults = parse_ok("version: 1\n");
    _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok(every_key);
    _cleanup_(tx_conf_freep) struct tx_conf *none =
        parse_ok("version: 1\nstreams: {trace: {from: {trace_lane: []}}}\n");
    const struct {
        const struct tx_conf *conf;
        enum tx_lane lane;
        const char *event;
        enum tx_stream_id id;
    } cases[] = {{defaults, TX_LANE_AUDIT, "function.call", TX_STREAM_AUDIT},
                 {defaults, TX_LANE_TRACE, "function.call", TX_STREAM_TRACE},
                 {defaults, TX_LANE_TRACE, "payment.made", TX_STREAM_TRACE},
                 {defaults, TX_LANE_TRACE, "", TX_STREAM_TRACE},
                 {conf, TX_LANE_TRACE, "function.call", TX_STREAM_TRACE},
                 {conf, TX_LANE_TRACE, "span", TX_STREAM_TRACE},
                 {conf, TX_LANE_TRACE, "ml.stage", TX_STREAM_AUDIT},
                 {conf, TX_LANE_AUDIT, "debug.a", TX_STREAM_TRACE},
                 {conf, TX_LANE_AUDIT, "debug.c", TX_STREAM_AUDIT},
                 {conf, TX_LANE_AUDIT, "span", TX_STREAM_AUDIT},
                 {none, TX_LANE_TRACE, "span", TX_STREAM_AUDIT}};
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        ck_assert_msg(tx_stream_of(cases[i].conf->streams, cases[i].lane,
                                   text_of(cases[i].event)) == cases[i].id,
                      "%s", cases[i].event);
}
END_TEST

START_TEST(rules_are_read) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok(every_key);
    const struct tx_masking *masking = &conf->masking;
    ck_assert_ptr_null(masking->preset);
    ck_assert_uint_eq(masking->n_rules, 5);
    const struct tx_masking_rule *rule = &masking->rules[0];
    ck_assert_str_eq(rule->id, "pan");
    ck_assert_uint_eq(rule->match.events.n, 2);
    ck_assert_str_eq(rule->match.events.item[1], "order.*");
    ck_assert(rule->match.label_pii && rule->match.label_secret);
    ck_assert_int_eq(rule->source, TX_FROM_FILE);
    ck_assert_int_eq(rule->action.kind, TX_ACTION_MASK);
    ck_assert_uint_eq(rule->action.mask.keep_first, 6);
    ck_assert_uint_eq(rule->action.mask.keep_last, 4);
    ck_assert_int_eq(masking->rules[4].action.kind, TX_ACTION_DROP_RECORD);
}
END_TEST

START_TEST(what_is_shown_reads_back_the_same) {
    static const char *const files[] = {"version: 1\n", every_key};
    for (size_t i = 0; i < TX_COUNT_OF(files); i++) {
        _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok(files[i]);
        _cleanup_(tx_freep) char *once = render(conf);
        _cleanup_(tx_conf_freep) struct tx_conf *again = parse_ok(once);
        _cleanup_(tx_freep) char *twice = render(again);
        ck_assert_str_eq(once, twice);
        ck_assert_uint_eq(conf->masking.n_rules, again->masking.n_rules);
    }
}
END_TEST

START_TEST(the_shipped_file_says_the_defaults) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT, text = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *shipped = NULL;
    _cleanup_(tx_conf_freep) struct tx_conf *defaults = parse_ok("version: 1\n");
    int r = tx_conf_load(SHIPPED, &errors, &text, &shipped);
    ck_assert_msg(r == 0, "%.*s", (int)errors.len, (char *)errors.data);
    _cleanup_(tx_freep) char *a = render(shipped), *b = render(defaults);
    ck_assert_str_eq(a, b);
    ck_assert_int_eq(tx_bytes_append(&text, "", 1), 0);
    ck_assert_ptr_nonnull(strstr((char *)text.data, "version: 1"));
}
END_TEST

/* What stands behind "#" in a line is an example: each of them is valid too. */
START_TEST(the_shipped_files_examples_are_valid) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT, text = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *shipped = NULL;
    ck_assert_int_eq(tx_conf_load(SHIPPED, &errors, &text, &shipped), 0);
    ck_assert_int_eq(tx_bytes_append(&text, "", 1), 0);
    _cleanup_(tx_bytes_deinit) struct tx_bytes out = TX_BYTES_INIT;
    bool in_rules = false;
    for (char *save, *line = strtok_r((char *)text.data, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        in_rules = in_rules || strcmp(line, "  #rules:") == 0;
        if (strcmp(line, "  rules: []") == 0) {
            in_rules = false;
            continue;
        }
        size_t spaces = strspn(line, " ");
        if (line[spaces] == '#' && (in_rules || (line[spaces + 1] && line[spaces + 1] != ' ')))
            line[spaces] = spaces && line[spaces + 1] == ' ' ? ' ' : '\n';
        ck_assert_int_eq(tx_bytes_append(&out, line, strcspn(line, "\n")), 0);
        char *rest = strchr(line, '\n');
        if (rest)
            ck_assert_int_eq(tx_bytes_append(&out, rest + 1, strlen(rest + 1)), 0);
        ck_assert_int_eq(tx_bytes_append(&out, "\n", 1), 0);
    }
    ck_assert_int_eq(tx_bytes_append(&out, "", 1), 0);
    _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok((char *)out.data);
    ck_assert_str_eq(conf->user, "tracex");
    ck_assert_str_eq(conf->streams[TX_STREAM_AUDIT].origin, "web1.example/audit");
    ck_assert_str_eq(conf->masking.rules[1].id, "office-network");
    ck_assert_uint_eq(conf->masking.rules[1].replaces.n, 1);
    ck_assert_uint_eq(conf->masking.n_tests, 1);
    ck_assert_uint_eq(conf->masking.n_detectors, 1);
}
END_TEST

START_TEST(the_manual_has_every_key) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    ck_assert_int_eq(tx_file_read_at(AT_FDCWD, MANUAL, TX_LIMIT_CONFIG_BYTES, &text), 0);
    ck_assert_int_eq(tx_bytes_append(&text, "", 1), 0);
    for (const struct tx_conf_key *key = tx_conf_keys; key->path; key++) {
        char row[128];
        snprintf(row, sizeof(row), "\n| `%s` |", key->path);
        const char *at = strstr((char *)text.data, row);
        ck_assert_msg(at, "%s", key->path);
        if (!key->default_text)
            continue;
        const char *end = strchr(at + 1, '\n');
        snprintf(row, sizeof(row),
                 key->type == TX_CONF_TYPE_MODE     ? "`\"%s\"`"
                 : key->type == TX_CONF_TYPE_EVENTS ? "`[\"%s\"]`"
                                                    : "`%s`",
                 key->default_text);
        ck_assert_msg(memmem(at, (size_t)(end - at), row, strlen(row)), "%s: %s", key->path, row);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: the configuration file");
    TCase *tests = tcase_create("conf");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_file_with_a_version_has_every_default);
    tcase_add_test(tests, every_key_is_read);
    tcase_add_test(tests, the_log_of_trace_events_is_bounded_and_beside_the_other);
    tcase_add_test(tests, its_directories_never_are_those_of_another_daemon);
    tcase_add_test(tests, its_keys_are_read);
    tcase_add_test(tests, a_record_goes_where_lane_and_event_say);
    tcase_add_test(tests, rules_are_read);
    tcase_add_test(tests, what_is_shown_reads_back_the_same);
    tcase_add_test(tests, the_shipped_file_says_the_defaults);
    tcase_add_test(tests, the_shipped_files_examples_are_valid);
    tcase_add_test(tests, the_manual_has_every_key);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
