/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditd/forward/journal-entry.h"
#include "auditd/forward/journal-events.h"
#include "libtx/record/record.h"

static struct tx_journal_entry entry;
static const struct tx_text origin = TX_TEXT("web1.example/audit");
static const struct tx_digest leaf = {.bytes = {0xab, 0x01}};

static struct tx_text text_of(const char *text) {
    return (struct tx_text){text, strlen(text)};
}

static void make(const char *line) {
    tx_journal_entry_record(&entry, origin, 7, text_of(line), &leaf, false);
}

/* The value of a field, or NULL; the field must stand there once. */
static const char *value_of(const char *name) {
    static char value[TX_JOURNAL_ENTRY_BYTES + 1];
    const char *found = NULL;
    for (size_t i = 0; i < entry.n_fields; i++) {
        const char *p = entry.fields[i].iov_base;
        size_t n = entry.fields[i].iov_len, n_name = strlen(name);
        if (n <= n_name || memcmp(p, name, n_name) != 0 || p[n_name] != '=')
            continue;
        ck_assert_msg(!found, "%s stands twice", name);
        memcpy(value, p + n_name + 1, n - n_name - 1);
        value[n - n_name - 1] = '\0';
        found = value;
    }
    return found;
}

#define assert_field(name, expected) ck_assert_pstr_eq(value_of(name), expected)

/* What journald takes: journal_field_valid() of systemd, for names of ours. */
static void assert_names_valid(void) {
    ck_assert_uint_le(entry.n_fields, 1000);
    for (size_t i = 0; i < entry.n_fields; i++) {
        const char *p = entry.fields[i].iov_base;
        const char *end = memchr(p, '=', entry.fields[i].iov_len);
        ck_assert_ptr_nonnull(end);
        ck_assert_uint_le((size_t)(end - p), 64);
        ck_assert(*p >= 'A' && *p <= 'Z');
        for (; p < end; p++)
            ck_assert((*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_');
    }
}

START_TEST(a_record_becomes_its_fields) {
    make("{\"seq\":7,\"id\":\"x\",\"time\":\"2026-11-23T17:00:15.000000001Z\",\"lag_us\":5,"
         "\"event\":\"payment.refund\",\"outcome\":\"denied\",\"severity\":\"warning\","
         "\"message\":\"no\",\"host\":\"web1\",\"source\":{\"client\":\"00\",\"n\":42,\"pid\":812,"
         "\"uid\":1000,\"gid\":1000,\"comm\":\"shop\",\"exe\":\"/usr/bin/shop\"},"
         "\"correlation_id\":\"c-1\",\"data\":{\"actor.id\":\"u1\",\"amount\":4200,\"ok\":true,"
         "\"none\":null,\"note\":\"a b\\u0001\",\"list\":[1,2]}}");
    assert_field("MESSAGE", "payment.refund denied: no actor.id=u1 amount=4200 ok=true none=null "
                            "note=\"a b\\u0001\" list=[1,2]");
    assert_field("MESSAGE_ID", TX_JOURNAL_ID_RECORD);
    assert_field("PRIORITY", "4");
    assert_field("SYSLOG_IDENTIFIER", "tracex");
    assert_field("TRACEX_ORIGIN", "web1.example/audit");
    assert_field("TRACEX_SEQ", "7");
    assert_field("TRACEX_EVENT", "payment.refund");
    assert_field("TRACEX_OUTCOME", "denied");
    assert_field("TRACEX_LEAF", "ab01000000000000000000000000000000000000000000000000000000000000");
    assert_field("TRACEX_CORRELATION_ID", "c-1");
    assert_field("TRACEX_SOURCE_PID", "812");
    assert_field("TRACEX_SOURCE_UID", "1000");
    assert_field("TRACEX_SOURCE_EXE", "/usr/bin/shop");
    assert_field("TRACEX_DATA_ACTOR_ID", "u1");
    assert_field("TRACEX_DATA_AMOUNT", "4200");
    assert_field("TRACEX_DATA_OK", "true");
    assert_field("TRACEX_DATA_NONE", "null");
    assert_field("TRACEX_DATA_NOTE", "a b\x01");
    assert_field("TRACEX_DATA_LIST", "[1,2]");
    ck_assert_ptr_null(value_of("TRACEX_LEFT_OUT"));
    assert_names_valid();
}
END_TEST

START_TEST(the_daemons_own_records_have_ids_of_their_own) {
    make("{\"seq\":7,\"by\":\"ledger\",\"time\":\"t\",\"event\":\"tracex.recovered\",\"data\":{}}");
    assert_field("MESSAGE", "tracex.recovered");
    assert_field("PRIORITY", "4");
    assert_field("MESSAGE_ID", "0020f0e86c3c49a79911a327d360d202");
    ck_assert_ptr_null(value_of("TRACEX_SOURCE_PID"));
    ck_assert_ptr_null(value_of("TRACEX_OUTCOME"));
    make("{\"seq\":7,\"by\":\"ledger\",\"event\":\"tracex.invented\",\"data\":{}}");
    assert_field("MESSAGE_ID", TX_JOURNAL_ID_OTHER);
    /* A client cannot look like the daemon by the name alone. */
    make("{\"seq\":7,\"id\":\"x\",\"event\":\"tracex.recovered\",\"data\":{}}");
    assert_field("MESSAGE_ID", TX_JOURNAL_ID_RECORD);
}
END_TEST

START_TEST(every_message_id_is_fixed_and_stands_once) {
    const char *ids[64] = {TX_JOURNAL_ID_RECORD, TX_JOURNAL_ID_CHECKPOINT, TX_JOURNAL_ID_OTHER};
    size_t n = 3;
    for (size_t i = 0; i < tx_n_journal_events; i++)
        ids[n++] = tx_journal_events[i].id;
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[16];
        ck_assert_int_eq(tx_hex_decode(text_of(ids[i]), bytes, sizeof(bytes)), 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(ids[i], ids[j]);
    }
}
END_TEST

START_TEST(clashing_names_are_numbered_and_cut_to_64_bytes) {
    char line[2048], a[129], expected[80];
    memset(a, 'a', 128);
    a[128] = '\0';
    snprintf(line, sizeof(line),
             "{\"seq\":7,\"data\":{\"user.id\":1,\"user_id_2\":2,\"user-id\":3,\"USER_ID\":4,"
             "\"_\":5,\"%s\":6,\"%.127s.\":7,\"TRACEX_SEQ\":8}}",
             a, a);
    make(line);
    assert_field("TRACEX_DATA_USER_ID", "1");
    assert_field("TRACEX_DATA_USER_ID_2", "2");
    assert_field("TRACEX_DATA_USER_ID_3", "3");
    assert_field("TRACEX_DATA_USER_ID_4", "4");
    assert_field("TRACEX_DATA__", "5");
    memset(a, 'A', 128);
    snprintf(expected, sizeof(expected), "TRACEX_DATA_%.52s", a);
    assert_field(expected, "6");
    snprintf(expected, sizeof(expected), "TRACEX_DATA_%.50s_2", a);
    assert_field(expected, "7");
    assert_field("TRACEX_SEQ", "7");
    assert_field("TRACEX_DATA_TRACEX_SEQ", "8");
    assert_names_valid();
}
END_TEST

START_TEST(a_thousand_names_that_become_one_are_all_told_apart) {
    static char line[TX_LIMIT_LINE_BYTES];
    size_t n = (size_t)snprintf(line, sizeof(line), "{\"seq\":7,\"data\":{");
    for (unsigned i = 0; i < TX_LIMIT_FIELDS; i++) {
        char name[16] = "x";
        for (unsigned bit = 0; bit < 10; bit++)
            name[1 + bit] = (i >> bit & 1) ? '.' : '-';
        n += (size_t)snprintf(line + n, sizeof(line) - n, "%s\"%s\":%u", i ? "," : "", name, i);
    }
    snprintf(line + n, sizeof(line) - n, "}}");
    make(line);
    assert_field("TRACEX_DATA_X__________", "0");
    assert_field("TRACEX_DATA_X___________2", "1");
    assert_field("TRACEX_DATA_X___________480", "479");
    ck_assert_uint_le(entry.n_parts, TX_JOURNAL_ENTRY_PARTS);
    ck_assert_uint_eq((size_t)atoi(value_of("TRACEX_LEFT_OUT")) + entry.n_fields - 8,
                      TX_LIMIT_FIELDS);
    assert_names_valid();
}
END_TEST

START_TEST(the_largest_line_fits) {
    static char line[TX_LIMIT_LINE_BYTES + 1];
    memset(line, 'y', TX_LIMIT_LINE_BYTES);
    memcpy(line, "{\"seq\":7,\"message\":\"", 20);
    memcpy(line + 30000, "\",\"data\":{\"d\":\"", 15);
    memcpy(line + TX_LIMIT_LINE_BYTES - 3, "\"}}", 4);
    make(line);
    ck_assert_uint_eq(strlen(value_of("TRACEX_DATA_D")), TX_LIMIT_LINE_BYTES - 3 - 30015);
    ck_assert_uint_gt(strlen(value_of("MESSAGE")), 29900);
}
END_TEST

START_TEST(a_line_that_is_no_record_still_makes_an_entry) {
    static const char *const bad[] = {"", "rubbish", "{\"seq\":7,\"data\":{\"\":1}}",
                                      "{\"seq\":7,\"event\":5,\"data\":[],\"source\":\"x\"}",
                                      "{\"seq\":7,\"data\":{\"a\":1,\"a\":2}}"};
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        make(bad[i]);
        assert_field("TRACEX_SEQ", "7");
        ck_assert_ptr_nonnull(value_of("TRACEX_LEAF"));
        ck_assert_ptr_nonnull(value_of("MESSAGE_ID"));
        ck_assert_ptr_nonnull(value_of("PRIORITY"));
        assert_names_valid();
    }
    make("rubbish");
    assert_field("PRIORITY", "4");
    tx_journal_entry_record(&entry, origin, 7, TX_TEXT("{\"seq\":7,\"data\":{\"a\":1}}"), &leaf,
                            true);
    assert_field("TRACEX_SEQ", "7");
    ck_assert_ptr_null(value_of("TRACEX_DATA_A"));
}
END_TEST

START_TEST(severities_are_syslogs_numbers) {
    for (unsigned i = 0; i < TX_SEVERITY_N; i++) {
        char line[128];
        snprintf(line, sizeof(line), "{\"seq\":1,\"severity\":\"%s\"}",
                 tx_severity_name((enum tx_record_severity)i));
        ck_assert_uint_eq(tx_journal_priority(text_of(line)), i);
    }
    ck_assert_uint_eq(tx_journal_priority(TX_TEXT("{\"seq\":1}")), TX_SEVERITY_INFO);
    ck_assert_uint_eq(tx_journal_priority(TX_TEXT("{\"seq\":1,\"severity\":\"x\"}")),
                      TX_SEVERITY_INFO);
    ck_assert_uint_eq(
        tx_journal_priority(TX_TEXT("{\"seq\":1,\"by\":\"ledger\",\"event\":\"tracex.disk\"}")),
        TX_SEVERITY_ERROR);
    ck_assert_uint_eq(tx_journal_priority(TX_TEXT("rubbish")), TX_SEVERITY_WARNING);
}
END_TEST

START_TEST(a_checkpoint_carries_its_note) {
    static const char note[] = "web1.example/audit\n12\nAAAA\n\n\xe2\x80\x94 web1 BBBB\n";
    tx_journal_entry_checkpoint(&entry, origin, 12, TX_TEXT(note), TX_SEVERITY_INFO);
    assert_field("PRIORITY", "6");
    assert_field("TRACEX_CHECKPOINT", note);
    assert_field("MESSAGE", "checkpoint of 12 records");
    assert_field("MESSAGE_ID", TX_JOURNAL_ID_CHECKPOINT);
    assert_field("SYSLOG_IDENTIFIER", "tracex");
    ck_assert_ptr_null(value_of("TRACEX_SEQ"));
    assert_names_valid();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("forward-journal-entry");
    TCase *tests = tcase_create("entries");
    tcase_add_test(tests, a_record_becomes_its_fields);
    tcase_add_test(tests, the_daemons_own_records_have_ids_of_their_own);
    tcase_add_test(tests, every_message_id_is_fixed_and_stands_once);
    tcase_add_test(tests, clashing_names_are_numbered_and_cut_to_64_bytes);
    tcase_add_test(tests, a_thousand_names_that_become_one_are_all_told_apart);
    tcase_add_test(tests, the_largest_line_fits);
    tcase_add_test(tests, a_line_that_is_no_record_still_makes_an_entry);
    tcase_add_test(tests, severities_are_syslogs_numbers);
    tcase_add_test(tests, a_checkpoint_carries_its_note);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
