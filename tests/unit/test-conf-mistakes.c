/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf-check.h"
#include "libtx/base/file.h"
#include "libtx/conf/schema.h"
#include "libtx/conf/value.h"

/* --- mistakes --- */

struct mistake {
    const char *text, *error;
};

static void check_mistakes(const struct mistake *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
        _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
        int r = parse(cases[i].text, &errors, &conf);
        ck_assert_msg(r > 0, "%s is taken", cases[i].text);
        ck_assert_int_eq(r == TX_CONF_E_MASKING, conf != NULL);
        ck_assert_msg(strstr((char *)errors.data, cases[i].error), "%s\nexpected: %s\ngot: %s",
                      cases[i].text, cases[i].error, (char *)errors.data);
    }
}

START_TEST(a_mistake_in_a_value_is_told_with_its_place) {
    static const struct mistake cases[] = {
        {"version: 2\n", "t.yaml:1:10: 'version' can only be 1"},
        {"{}\n", "t.yaml:1:1: 'version: 1' is missing"},
        {"version: 1\nlog: {hash: md5}\n", "t.yaml:2:13: 'log.hash' can only be sha256"},
        {"version: 1\nlog:\n  commit_interval: 5\n", "t.yaml:3:20: expected "},
        {"version: 1\nlog:\n  commit_interval: 61s\n", "t.yaml:3:20: "},
        {"version: 1\nlog: {segment: {max_bytes: 1kB}}\n", "t.yaml:2:28: "},
        {"version: 1\nlog: {segment: {max_bytes: 99999999999999999999GiB}}\n", "t.yaml:2:28: "},
        {"version: 1\nlog: {segment: {compress: gzip}}\n", "t.yaml:2:27: "},
        {"version: 1\nlog: {origin: \"a b\"}\n", "t.yaml:2:15: expected the log's name"},
        {"version: 1\nlog: {origin: a+b}\n", "t.yaml:2:15: expected the log's name"},
        {"version: 1\nlog: {dir: \"\"}\n", "t.yaml:2:12: expected a path"},
        {"version: 1\nlog: {dir: [a]}\n", "t.yaml:2:12: "},
        {"version: 1\nlog: 3\n", "t.yaml:2:6: expected the keys of 'log' here"},
        {"3\n", "t.yaml:1:1: expected keys with values"},
        {"version: 1\nsocket: {mode: 0999}\n", "t.yaml:2:16: expected the mode of a file"},
        {"version: 1\nsocket: {path: "
         "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaa"
         "aaaaaaaaaaaaaaaaaaaaaaa}\n",
         "t.yaml:2:16: the path of a socket has at most 107 bytes"},
        {"version: 1\nforward: {journald: {enabled: yes}}\n",
         "t.yaml:2:31: expected true or false"},
        {"version: 1\nforward: {journald: {min_severity: warnin}}\n", "did you mean"},
        {"version: 1\nkeys: {epoch_records: 0}\n", "t.yaml:2:23: "},
        {"version: 1\nlog: {retain: {max_age: 1ms}}\n", "t.yaml:2:25: expected a value from 1s"},
        {"version: 1\nlog: {retain: {max_bytes: 0B}}\n", "t.yaml:2:27: expected a value from "},
        {"version: 1\nlog: {space: {warn: 0%}}\n", "t.yaml:2:21: expected a value from "},
        {"version: 1\nlog: {space: {warn: 101%}}\n", "t.yaml:2:21: expected a value from "},
        {"version: 1\nlog: {space: {low: 5}}\n", "or a share of the disk, such as 5%"},
        {"version: 1\nlog: {on_disk_full: drop}\n", "expected one of block, halt, prune"},
        {"version: 1\nlog: {on_disk_error: prune}\n", "expected one of block, halt"},
        {"version: 1\nkeys: {epoch: off}\n", "t.yaml:2:15: expected "},
        {"version: 1\nstreams: {trace: {space: {low_action: halt}}}\n",
         "expected one of log, record, prune"},
        {"version: 1\nstreams: {trace: {commit_interval: 2s}}\n",
         "expected a value from 0ns to 1s"},
        {"version: 1\nstreams: {trace: {from: {trace_lane: [\"{a\"]}}}\n", "t.yaml:2:39: "},
        {"version: 1\nstreams: {trace: {from: {trace_lane: {a: b}}}}\n",
         "t.yaml:2:38: expected a list of event names"},
        {"version: 1\nstreams: {trace: {dir: /var/log/tracex/audit}}\n",
         "t.yaml:2:24: log.dir and streams.trace.dir are one directory"},
        {"version: 1\nstreams: {trace: {keys_dir: /var/lib/tracex/keys}}\n",
         "t.yaml:2:29: keys.dir and streams.trace.keys_dir are one directory"},
        {"version: 1\nlog: {origin: a}\nstreams: {trace: {origin: a}}\n",
         "t.yaml:3:27: log.origin and streams.trace.origin are one name"},
    };
    check_mistakes(cases, TX_COUNT_OF(cases));
}
END_TEST

START_TEST(an_unknown_key_is_told_with_what_was_meant) {
    static const struct mistake cases[] = {
        {"version: 1\nsockets: {}\n",
         "t.yaml:2:1: unknown key 'sockets': did you mean 'socket'?\n    sockets: {}\n    ^\n"},
        {"version: 1\nlog:\n  segment:\n    max_byte: 1MiB\n",
         "t.yaml:4:5: unknown key 'max_byte': did you mean 'max_bytes'?"},
        {"version: 1\nmaskin: {}\n", "did you mean 'masking'?"},
        {"version: 1\nstream: {}\n", "did you mean 'streams'?"},
        {"version: 1\nstreams: {traces: {}}\n",
         "t.yaml:2:11: unknown key 'traces': did you mean 'trace'?"},
        {"version: 1\nstreams: {trace: {from: {trace_lan: []}}}\n",
         "t.yaml:2:26: unknown key 'trace_lan': did you mean 'trace_lane'?"},
        {"version: 1\nxyzzyxyzzy: 1\n", "t.yaml:2:1: unknown key 'xyzzyxyzzy'\n"},
        {"version: 1\nlog.dir: /x\n", "t.yaml:2:1: unknown key 'log.dir'"},
        {"version: 1\nmasking: {rule: []}\n",
         "t.yaml:2:11: unknown key 'rule': did you mean 'rules'?"},
    };
    check_mistakes(cases, TX_COUNT_OF(cases));
}
END_TEST

START_TEST(yaml_beyond_the_plain_is_refused) {
    static const struct mistake cases[] = {
        {"", "the file is empty"},
        {"version: 1\nversion: 1\n",
         "t.yaml:2:1: 'version' stands here a second time; it was set in line 1"},
        {"version: &a 1\n", "t.yaml:1:10: an anchor (&) is not allowed"},
        {"version: *a\n", "an alias (*) is not allowed"},
        {"version: !!int 1\n", "t.yaml:1:10: a tag (!) is not allowed"},
        {"version: 1\n---\nversion: 1\n", "a second document is not allowed"},
        {"version: [\n", "this is not YAML"},
        {"version: \"\xff\"\n", "this is not YAML"},
        {"version: \"1\\0\"\n", "t.yaml:1:10: a NUL character"},
        {"[a]: 1\n", "a key must be a word"},
        {"version: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", "nested more than 16 deep"},
    };
    check_mistakes(cases, TX_COUNT_OF(cases));
}
END_TEST

START_TEST(a_mistake_in_a_rule_is_told_with_its_place) {
    static const struct mistake cases[] = {
        {"version: 1\nmasking: {rules: [{id: a, match: {field: [x]}, action: redact}]}\n",
         "t.yaml:2:35: unknown key 'field': did you mean 'fields'?"},
        {"version: 1\nmasking: {rules: [{id: a, match: {fields: [x]}, action: redcat}]}\n",
         "did you mean 'redact'?"},
    };
    check_mistakes(cases, TX_COUNT_OF(cases));
}
END_TEST

START_TEST(all_mistakes_of_a_run_are_told) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_conf *conf = NULL;
    ck_assert_int_eq(
        parse("version: 1\nusr: x\nlog: {hash: x, segmen: {}}\nkeys: {epoch: 1}\n", &errors, &conf),
        TX_CONF_E_INVALID);
    static const char *const places[] = {
        "t.yaml:2:1: ", "t.yaml:3:13: ", "t.yaml:3:16: ", "t.yaml:4:15: "};
    for (size_t i = 0; i < TX_COUNT_OF(places); i++)
        ck_assert_msg(strstr((char *)errors.data, places[i]), "%s", (char *)errors.data);
}
END_TEST

START_TEST(no_control_character_of_the_file_reaches_the_terminal) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_conf *conf = NULL;
    ck_assert_int_eq(parse("version: 1\n\"a\\e[31m\\x9b\": \"\\a\"\n", &errors, &conf),
                     TX_CONF_E_INVALID);
    for (size_t i = 0; i + 1 < errors.len; i++)
        ck_assert(errors.data[i] == '\n' || errors.data[i] >= 0x20);
}
END_TEST

/* --- the file itself --- */

static void check_load_fails(const char *path, const char *error) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_conf *conf = NULL;
    ck_assert_int_eq(tx_conf_load(path, &errors, NULL, &conf), TX_CONF_E_INVALID);
    ck_assert_int_eq(tx_bytes_append(&errors, "", 1), 0);
    ck_assert_msg(strstr((char *)errors.data, error), "%s", (char *)errors.data);
}

START_TEST(a_file_that_cannot_be_trusted_or_read_is_refused) {
    char directory[] = "/tmp/tx-conf-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/t.yaml", directory);
    check_load_fails(path, "No such file");
    check_load_fails(directory, "not a regular file");
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs("version: 1\n", f);
    fclose(f);
    struct tx_conf *conf = NULL;
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(tx_conf_load(path, &errors, NULL, &conf), 0);
    tx_conf_free(conf);
    if (getuid() == 0) {
        ck_assert_int_eq(chmod(path, 0664), 0);
        check_load_fails(path, "others than root may write this file");
        ck_assert_int_eq(chmod(path, 0644), 0);
    }
    ck_assert_int_eq(truncate(path, TX_LIMIT_CONFIG_BYTES + 1), 0);
    check_load_fails(path, "at most 1 MiB");
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    check_load_fails(path, "not a regular file");
    unlink(path);
    rmdir(directory);
}
END_TEST

/* No bytes whatever crash it or are taken for a configuration by chance. */
START_TEST(damaged_files_are_refused_or_read_but_never_crash) {
    char text[sizeof(every_key)];
    unsigned seed = 1;
    for (int round = 0; round < 3000; round++) {
        _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
        struct tx_conf *conf = NULL;
        memcpy(text, every_key, sizeof(text));
        size_t n = sizeof(text) - 1;
        for (int k = rand_r(&seed) % 4; k >= 0; k--)
            text[(size_t)rand_r(&seed) % n] = (char)rand_r(&seed);
        if (round % 3 == 0)
            n = (size_t)rand_r(&seed) % n;
        int r = tx_conf_parse("t.yaml", (struct tx_text){text, n}, &errors, &conf);
        ck_assert(r >= 0);
        ck_assert_int_eq(r == TX_CONF_E_INVALID, conf == NULL);
        ck_assert_int_eq(r == 0, errors.len == 0);
        tx_conf_free(conf);
    }
}
END_TEST

struct only_masking {
    const char *text;
    int result;
};

/* Auditing can begin with everything masked only when the rest of the file is as it was meant. */
START_TEST(mistakes_in_masking_alone_are_told_apart) {
    static const struct only_masking cases[] = {
        {"version: 1\nmasking: {on_error: x}\n", TX_CONF_E_MASKING},
        {"version: 1\nmasking:\n  rules: 3\nuser: x\n", TX_CONF_E_MASKING},
        {"masking:\n  preset: none\n  preset: none\nversion: 1\n", TX_CONF_E_MASKING},
        {"{version: 1, masking: {rules: x, rules: []}, user: x}\n", TX_CONF_E_MASKING},
        {"version: 1\nmasking: 3\n", TX_CONF_E_MASKING},
        {"version: 1\nmasking: {on_error: x}\nuser: []\n", TX_CONF_E_INVALID},
        {"version: 2\nmasking: {on_error: x}\n", TX_CONF_E_INVALID},
        {"masking: {on_error: x}\n", TX_CONF_E_INVALID},
        {"{masking: {rules: x}, version: 1, usr: x}\n", TX_CONF_E_INVALID},
        {"version: 1\nmaskin: {on_error: x}\n", TX_CONF_E_INVALID},
        {"version: 1\nmasking: {rules: [}\n", TX_CONF_E_MASKING},
        {"version: 1\nmasking: {rules: &a []}\n", TX_CONF_E_MASKING},
        {"version: 1\nmasking: {}\nmasking: {}\n", TX_CONF_E_MASKING},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
        _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
        int r = parse(cases[i].text, &errors, &conf);
        ck_assert_msg(r == cases[i].result, "%s: %d\n%s", cases[i].text, r, (char *)errors.data);
        ck_assert_int_eq(r == TX_CONF_E_MASKING, conf != NULL);
        ck_assert(!conf || (conf->masking.lockdown && conf->masking.n_rules == 0));
        ck_assert(!conf ||
                  strcmp(conf->streams[TX_STREAM_AUDIT].log_dir, "/var/log/tracex/audit") == 0);
    }
}
END_TEST

START_TEST(what_is_handed_on_names_no_log_that_nobody_named) {
    static const char *const files[] = {"version: 1\n", every_key};
    for (size_t i = 0; i < TX_COUNT_OF(files); i++) {
        _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok(files[i]);
        _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
        ck_assert_int_eq(tx_conf_render_to_hand_on(conf, &text), 0);
        ck_assert_int_eq(tx_bytes_append(&text, "", 1), 0);
        _cleanup_(tx_conf_freep) struct tx_conf *again = parse_ok((char *)text.data);
        ck_assert_int_eq(conf->streams[TX_STREAM_AUDIT].origin_is_default,
                         again->streams[TX_STREAM_AUDIT].origin_is_default);
        ck_assert_str_eq(conf->streams[TX_STREAM_AUDIT].origin,
                         again->streams[TX_STREAM_AUDIT].origin);
        _cleanup_(tx_freep) char *a = render(conf), *b = render(again);
        ck_assert_str_eq(a, b);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: mistakes in the file");
    TCase *tests = tcase_create("mistakes");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_mistake_in_a_value_is_told_with_its_place);
    tcase_add_test(tests, an_unknown_key_is_told_with_what_was_meant);
    tcase_add_test(tests, yaml_beyond_the_plain_is_refused);
    tcase_add_test(tests, a_mistake_in_a_rule_is_told_with_its_place);
    tcase_add_test(tests, all_mistakes_of_a_run_are_told);
    tcase_add_test(tests, no_control_character_of_the_file_reaches_the_terminal);
    tcase_add_test(tests, a_file_that_cannot_be_trusted_or_read_is_refused);
    tcase_add_test(tests, damaged_files_are_refused_or_read_but_never_crash);
    tcase_add_test(tests, mistakes_in_masking_alone_are_told_apart);
    tcase_add_test(tests, what_is_handed_on_names_no_log_that_nobody_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
