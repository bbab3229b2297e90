/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/conf/conf.h"

static int parse(const char *section, struct tx_bytes *errors, struct tx_conf **ret) {
    char *text;
    ck_assert_int_ge(asprintf(&text, "version: 1\n%s", section), 0);
    int r = tx_conf_parse("/etc/t.yaml", (struct tx_text){text, strlen(text)}, errors, ret);
    ck_assert_int_eq(tx_bytes_append(errors, "", 1), 0);
    free(text);
    return r;
}

static struct tx_conf *parse_ok(const char *section) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_conf *conf = NULL;
    int r = parse(section, &errors, &conf);
    ck_assert_msg(r == 0, "%s\n%s", section, (char *)errors.data);
    return conf;
}

static void assert_told(const char *section, const char *message) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_conf *conf = NULL;
    ck_assert_int_eq(parse(section, &errors, &conf), TX_CONF_E_INVALID);
    ck_assert_ptr_null(conf);
    ck_assert_msg(strstr((char *)errors.data, message), "%s\nexpected: %s", (char *)errors.data,
                  message);
}

#define CLASS "events: [x], level: durable, when_unavailable: fail"

START_TEST(classes_are_read_with_their_patterns_written_out) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf =
        parse_ok("durability:\n"
                 "  - events: [\"payment.{card,sepa}.*\", auth.login]\n"
                 "    level: durable\n"
                 "    when_unavailable: block\n"
                 "  - {events: debug.**, level: queued, when_unavailable: drop, timeout: 250ms}\n");
    const struct tx_durability *d = &conf->durability;

    ck_assert_uint_eq(d->n, 2);
    ck_assert_uint_eq(d->classes[0].events.n, 3);
    ck_assert_str_eq(d->classes[0].events.item[0], "payment.card.*");
    ck_assert_str_eq(d->classes[0].events.item[1], "payment.sepa.*");
    ck_assert_str_eq(d->classes[0].events.item[2], "auth.login");
    ck_assert_int_eq(d->classes[0].level, TX_LEVEL_DURABLE);
    ck_assert_int_eq(d->classes[0].unavailable, TX_UNAVAILABLE_BLOCK);
    ck_assert(!d->classes[0].has_timeout);
    ck_assert_str_eq(d->classes[1].events.item[0], "debug.**");
    ck_assert_int_eq(d->classes[1].level, TX_LEVEL_QUEUED);
    ck_assert_int_eq(d->classes[1].unavailable, TX_UNAVAILABLE_DROP);
    ck_assert(d->classes[1].has_timeout);
    ck_assert_int_eq(d->classes[1].timeout_ns, 250000000);
}
END_TEST

START_TEST(without_classes_nothing_is_demanded) {
    static const char *const sections[] = {"", "durability:\n", "durability: []\n"};
    for (size_t i = 0; i < TX_COUNT_OF(sections); i++) {
        _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok(sections[i]);
        ck_assert_uint_eq(conf->durability.n, 0);
    }
}
END_TEST

START_TEST(what_is_shown_is_read_back_as_the_same) {
    static const char *const sections[] = {
        "",
        "durability:\n"
        "  - {events: [\"*\", \"a.{b,c}.**\"], level: durable, when_unavailable: fail, timeout: "
        "0s}\n"
        "  - {events: [x], level: queued, when_unavailable: block}\n",
    };
    for (size_t i = 0; i < TX_COUNT_OF(sections); i++) {
        _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT, errors = TX_BYTES_INIT;
        _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok(sections[i]), *again = NULL;
        ck_assert_int_eq(tx_conf_render(conf, &text), 0);
        ck_assert_int_eq(tx_conf_parse("/etc/t.yaml", (struct tx_text){(char *)text.data, text.len},
                                       &errors, &again),
                         0);
        ck_assert(tx_durability_equal(&conf->durability, &again->durability));
    }
}
END_TEST

START_TEST(classes_that_differ_in_anything_are_not_the_same) {
    static const char *const others[] = {
        "{events: [y], level: durable, when_unavailable: fail}",
        "{events: [x, y], level: durable, when_unavailable: fail}",
        "{events: [x], level: queued, when_unavailable: fail}",
        "{events: [x], level: durable, when_unavailable: drop}",
        "{events: [x], level: durable, when_unavailable: fail, timeout: 0s}",
    };
    _cleanup_(tx_conf_freep) struct tx_conf *conf = parse_ok("durability: [{" CLASS "}]\n");
    _cleanup_(tx_conf_freep) struct tx_conf *same = parse_ok("durability: [{" CLASS "}]\n");

    ck_assert(tx_durability_equal(&conf->durability, &same->durability));
    for (size_t i = 0; i < TX_COUNT_OF(others); i++) {
        char section[160];
        snprintf(section, sizeof(section), "durability: [%s]\n", others[i]);
        _cleanup_(tx_conf_freep) struct tx_conf *other = parse_ok(section);
        ck_assert(!tx_durability_equal(&conf->durability, &other->durability));
    }
}
END_TEST

START_TEST(mistakes_are_told_with_their_place) {
    static const struct {
        const char *section, *message;
    } mistakes[] = {
        {"durability: durable\n", "t.yaml:2:13: expected a list of classes"},
        {"durability: {events: [x]}\n", "t.yaml:2:13: expected a list of classes"},
        {"durability:\n  - x\n", "t.yaml:3:5: expected a class, such as"},
        {"durability:\n  - {level: durable, when_unavailable: fail}\n", "'events' is missing"},
        {"durability:\n  - {events: [x], when_unavailable: fail}\n", "'level' is missing"},
        {"durability:\n  - {events: [x], level: durable}\n", "'when_unavailable' is missing"},
        {"durability:\n  - {events: [x], levle: durable, when_unavailable: fail}\n",
         "t.yaml:3:19: unknown key 'levle': did you mean 'level'?"},
        {"durability:\n  - {events: [x], level: durabel, when_unavailable: fail}\n",
         "t.yaml:3:26: expected one of"},
        {"durability:\n  - {events: [x], level: durable, when_unavailable: wait}\n",
         "t.yaml:3:53: expected one of"},
        {"durability:\n  - {events: [Payment], level: durable, when_unavailable: fail}\n",
         "names of events have a-z 0-9 . _ - only"},
        {"durability:\n  - {events: [], level: durable, when_unavailable: fail}\n", "t.yaml:3:14:"},
        {"durability:\n  - {" CLASS ", timeout: 5}\n", "t.yaml:3:68: expected a time"},
        {"durability:\n  - {" CLASS ", timeout: 2h}\n", "t.yaml:3:68:"},
        {"durability:\n  - {" CLASS ", timeout: 5us}\n", "whole milliseconds"},
        {"durability:\n  - {events: [x], level: queued, when_unavailable: block, timeout: 1s}\n",
         "waits without limit, so it has no timeout"},
        {"durabilty: []\n", "unknown key 'durabilty': did you mean 'durability'?"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(mistakes); i++)
        assert_told(mistakes[i].section, mistakes[i].message);
}
END_TEST

START_TEST(more_than_a_client_keeps_is_refused) {
    char *text = strdup("durability:\n");
    size_t n = strlen(text);

    for (unsigned i = 0; i <= TX_LIMIT_POLICY_CLASSES; i++) {
        text = realloc(text, n + 100);
        n += (size_t)sprintf(text + n, "  - {" CLASS "}\n");
    }
    assert_told(text, "more than 32 classes");
    n = (size_t)sprintf(text, "durability:\n  - {level: queued, when_unavailable: drop, events: [");
    for (unsigned i = 0; i <= TX_LIMIT_POLICY_EVENTS; i++) {
        text = realloc(text, n + 100);
        n += (size_t)sprintf(text + n, "%sx%u", i ? ", " : "", i);
    }
    strcpy(text + n, "]}\n");
    assert_told(text, "may have 128 patterns");
    n = (size_t)sprintf(text, "durability:\n  - {level: queued, when_unavailable: drop, events: ");
    memset(text + n, 'a', 129);
    strcpy(text + n + 129, "}\n");
    assert_told(text, "is longer than the name of an event may be");
    free(text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf-durability");
    TCase *tests = tcase_create("durability:");
    tcase_add_test(tests, classes_are_read_with_their_patterns_written_out);
    tcase_add_test(tests, without_classes_nothing_is_demanded);
    tcase_add_test(tests, what_is_shown_is_read_back_as_the_same);
    tcase_add_test(tests, classes_that_differ_in_anything_are_not_the_same);
    tcase_add_test(tests, mistakes_are_told_with_their_place);
    tcase_add_test(tests, more_than_a_client_keeps_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
